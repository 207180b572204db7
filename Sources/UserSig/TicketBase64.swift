import FoundationEssentials

/// The vendor's base64 for URLs: `+` is `*`, `/` is `-`, and the padding `=` is `_`.
///
/// It looks like RFC 4648's URL alphabet, but it is another one.
enum TicketBase64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let ascii = Data(bytes).base64EncodedData().map { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "*")
            case UInt8(ascii: "/"): UInt8(ascii: "-")
            case UInt8(ascii: "="): UInt8(ascii: "_")
            default: byte
            }
        }
        return String(decoding: ascii, as: UTF8.self)
    }

    /// The bytes of `text`; nil if it has any character of another alphabet, or wrong padding.
    static func decode(_ text: String) -> [UInt8]? {
        var standard = Data()
        standard.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "*"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "="))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: standard.append(byte)
            }
        }
        return Data(base64Encoded: standard).map(Array.init)
    }
}

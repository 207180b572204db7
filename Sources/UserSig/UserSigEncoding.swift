import CZlib
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

/// Whole zlib streams (RFC 1950), in memory.
enum ZlibStream {
    /// `bytes` as a zlib stream.
    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var count = compressBound(uLong(bytes.count))
        var stream = [UInt8](repeating: 0, count: Int(count))
        // As below, zlib takes pointers; it is given the lengths of what they point to.
        let status = unsafe compress2(&stream, &count, bytes, uLong(bytes.count), Z_DEFAULT_COMPRESSION)
        // The buffer has the bound that zlib itself gave, so only a lack of memory is left, which traps elsewhere too.
        precondition(status == Z_OK, "zlib has no memory")
        return Array(stream.prefix(Int(count)))
    }

    /// What `stream` holds; nil if it is not exactly one whole zlib stream, or holds more than `limit` bytes.
    ///
    /// Never more than `limit` bytes of memory are used, whatever a hostile stream would expand to.
    static func inflate(_ stream: [UInt8], limit: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = uLong(limit)
        var read = uLong(stream.count)
        guard unsafe uncompress2(&bytes, &count, stream, &read) == Z_OK, read == uLong(stream.count) else { return nil }
        return Array(bytes.prefix(Int(count)))
    }
}

import UserSig

/// The parameters of a call, as the vendor documents them: all required, names and values case-sensitive.
struct CallQuery {
    var userSig: String
    var identifier: String
    var sdkAppID: UInt64

    /// Reads a query of a URL; throws what is wrong with it.
    init(_ query: Substring) throws(Refusal) {
        let parameters = try Self.parameters(query)
        guard let app = parameters["sdkappid"], let sdkAppID = Self.number(app) else { throw .appIDMissing }
        guard let identifier = parameters["identifier"], !identifier.isEmpty else { throw .accountMissing }
        guard let userSig = parameters["usersig"], !userSig.isEmpty else { throw .accountMissing }
        guard let random = parameters["random"], let number = Self.number(random), number <= UInt32.max else {
            throw .badURL("random must be an integer from 0 to 4294967295")
        }
        guard parameters["contenttype"] == "json" else { throw .badURL("contenttype must be json") }
        self.userSig = userSig
        self.identifier = identifier
        self.sdkAppID = sdkAppID
    }

    private static func parameters(_ query: Substring) throws(Refusal) -> [String: String] {
        var parameters: [String: String] = [:]
        for pair in query.split(separator: "&", omittingEmptySubsequences: true) {
            let name = pair.prefix { $0 != "=" }
            guard let value = percentDecoded(pair.dropFirst(name.count + 1)) else { throw .badURL("bad escape") }
            guard parameters.updateValue(value, forKey: String(name)) == nil else {
                throw .badURL("a parameter is there twice")
            }
        }
        return parameters
    }

    /// Digits only: no sign, no blanks.
    private static func number(_ text: String) -> UInt64? {
        text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? UInt64(text) : nil
    }

    /// `text` with `%XX` decoded, and `+` read as a blank, as servers do with queries; nil if that is not UTF-8.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy(isHexDigit),
                    let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "+"):
                bytes.append(UInt8(ascii: " "))
            default:
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}

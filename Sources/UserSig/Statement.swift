import FoundationEssentials

/// What a UserSig states, without its encoding.
struct Statement {
    var identifier: String
    var sdkAppID: UInt64
    /// Seconds since 1970.
    var issuedAt: Int64
    /// Seconds.
    var validFor: Int64

    /// The text that is signed (vendor's TLSSigAPIv2): four lines in this order, the last one ended too.
    private var signedText: String {
        """
        TLS.identifier:\(identifier)
        TLS.sdkappid:\(sdkAppID)
        TLS.time:\(issuedAt)
        TLS.expire:\(validFor)

        """
    }

    /// The field `TLS.sig`: the HMAC in padded standard base64.
    func signature(key: SecretKey) -> String {
        Data(SHA256.hmac(of: Array(signedText.utf8), key: key)).base64EncodedString()
    }

    /// Whether `signature` is the statement's under `key`, in constant time. By another code than the one that signs, so that
    /// a mistake in that cannot go unnoticed.
    func isSigned(by key: SecretKey, signature: String) -> Bool {
        guard let bytes = Data(base64Encoded: signature), bytes.count == SHA256.digestSize else { return false }
        let code = SHA256.libraryHMAC(of: Array(signedText.utf8), key: key)
        return zip(bytes, code).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }

    /// The statement and its signature as a JSON object.
    func json(signature: String) -> String {
        """
        {"TLS.ver":"2.0","TLS.identifier":\(Self.quoted(identifier)),"TLS.sdkappid":\(sdkAppID),\
        "TLS.expire":\(validFor),"TLS.time":\(issuedAt),"TLS.sig":"\(signature)"}
        """
    }

    /// `text` as a JSON string; only what RFC 8259 (section 7) demands is escaped.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result.unicodeScalars.append("\\")
                result.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

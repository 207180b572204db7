/// What a text has that is no secret key, though it may have one inside. The upstream would call it the key of another app.
enum SecretKeyFault: Hashable, CustomStringConvertible {
    /// A certificate or a private key.
    case pem
    /// What systemd-creds has encrypted.
    case encrypted
    /// Something like `KEY=`.
    case named
    case quoted
    case zeroByte
    /// A character that cannot be seen, by its name.
    case invisible(String)
    case whiteSpace

    /// What is wrong and what to do, without anything of the text.
    var description: String {
        switch self {
        case .pem:
            "is a PEM file, a certificate or a private key; the app's secret key is the one word in Tencent's console"
        case .encrypted:
            "is encrypted by systemd-creds, and was handed over as it is; if the key is both in /etc/credstore and in "
                + "/etc/credstore.encrypted, remove the file in /etc/credstore; else load it with LoadCredentialEncrypted="
        case .named: "has a name in front of the key; write the key alone"
        case .quoted: "has quotation marks around the key; write the key without them"
        case .zeroByte: "has a NUL byte inside; write the key anew"
        case .invisible(let name): "has a \(name), which cannot be seen; type the key, or copy it from a plain text"
        case .whiteSpace: "has white space inside; a key is one word"
        }
    }

    /// The first thing that is wrong with a text that has no white space at its end; nil if it can be a key.
    static func of(_ text: some BidirectionalCollection<UInt8>) -> SecretKeyFault? {
        if text.starts(with: "-----BEGIN ".utf8) { return .pem }
        if let name = invisibles.first(where: { contains(text, $0.bytes) })?.name { return .invisible(name) }
        if text.contains(0) { return .zeroByte }
        let hasWhiteSpace = text.contains(where: \.isWhiteSpace)
        if hasWhiteSpace, isEncrypted(text) { return .encrypted }
        if isNamed(text) { return .named }
        if isQuoted(text) { return .quoted }
        return hasWhiteSpace ? .whiteSpace : nil
    }

    private static let invisibles: [(bytes: [UInt8], name: String)] = [
        ([0xC2, 0xA0], "no-break space (U+00A0)"), ([0xE2, 0x80, 0xAF], "narrow no-break space (U+202F)"),
        ([0xE2, 0x80, 0x8B], "zero-width space (U+200B)"), ([0xE2, 0x80, 0x8C], "zero-width non-joiner (U+200C)"),
        ([0xE2, 0x80, 0x8D], "zero-width joiner (U+200D)"), ([0xE2, 0x81, 0xA0], "word joiner (U+2060)"),
        ([0xC2, 0xAD], "soft hyphen (U+00AD)"), ([0xE3, 0x80, 0x80], "ideographic space (U+3000)"),
        ([0xEF, 0xBB, 0xBF], "byte order mark (U+FEFF) inside"),
    ]

    private static func contains(_ text: some Collection<UInt8>, _ bytes: [UInt8]) -> Bool {
        text.indices.contains { text[$0...].starts(with: bytes) }
    }

    /// `SECRET_KEY=…`, `secretKey: …`, `export KEY=…`: a word of letters before a sign that is followed by something.
    private static func isNamed(_ text: some BidirectionalCollection<UInt8>) -> Bool {
        guard let sign = text.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") }) else {
            return false
        }
        let name = text[..<sign]
        let rest = text[sign...].dropFirst()
        // Padding of base64 comes at the end.
        guard let next = rest.first, next != UInt8(ascii: "="), let first = name.first, first.isLetter || first.isQuote
        else { return false }
        return name.count <= longestName
            && name.allSatisfy { $0.isLetter || $0.isDigit || $0.isQuote || "_-. ".utf8.contains($0) }
    }

    /// Shorter than a key.
    private static let longestName = 31

    private static func isQuoted(_ text: some BidirectionalCollection<UInt8>) -> Bool {
        let typographic = [UInt8](arrayLiteral: 0xE2, 0x80)
        func isTypographic(_ bytes: some Sequence<UInt8>) -> Bool {
            let bytes = Array(bytes)
            return bytes.count == 3 && bytes.starts(with: typographic) && (0x98...0x9F).contains(bytes[2])
        }
        return text.first?.isQuote == true || text.last?.isQuote == true || isTypographic(text.prefix(3))
            || isTypographic(text.suffix(3))
    }

    /// Lines of base64, as systemd-creds writes them: more than any key has.
    private static func isEncrypted(_ text: some BidirectionalCollection<UInt8>) -> Bool {
        text.count >= 100
            && text.allSatisfy { $0.isLetter || $0.isDigit || "+/=\r\n".utf8.contains($0) }
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x41...0x5A).contains(self & 0xDF) }
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isQuote: Bool {
        self == UInt8(ascii: "\"") || self == UInt8(ascii: "'") || self == UInt8(ascii: "`")
    }
}

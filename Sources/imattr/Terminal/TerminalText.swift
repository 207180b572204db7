import JSONTokens

/// Text as it can be shown on a terminal.
enum TerminalText {
    /// Escapes control characters, bidirectional controls and line separators as `\uXXXX`, which in JSON text leaves
    /// the value the same.
    static func escape(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: acts) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if acts(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Columns that a text takes, with wide characters as two and combining ones as none.
    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// The text with spaces after it, up to a width.
    static func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    /// The text if it is no wider than that, else its beginning and `…`.
    static func cut(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        if columns < 1 { return "" }
        var (result, used) = ("", 0)
        // By what is seen as one character, so that none is cut.
        for character in text {
            let more = width(String(character))
            if used + more > columns - 1 { break }
            result.append(character)
            used += more
        }
        return result + "…"
    }

    /// All of these lie below U+10000.
    private static func acts(_ scalar: Unicode.Scalar) -> Bool {
        if 0x20...0x7E ~= scalar.value { return false }
        if scalar.properties.isBidiControl { return true }
        return switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return wide.contains { $0 ~= scalar.value } ? 2 : 1
        }
    }

    /// Blocks whose characters are wide or full-width by Unicode's East Asian Width, roughly.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
        0x20000...0x3FFFD,
    ]
}

/// Values as a person reads them on a terminal, with nothing left in them that acts on it.
extension JSONReader {
    /// Passes a value: a string's text, anything else as it is.
    mutating func readableValue() throws(JSONSyntaxError) -> String {
        if try peek() == .string { return readableText(try string()) }
        let range = try skipValue()
        return TerminalText.escape(String(decoding: bytes[range], as: UTF8.self))
    }

    /// A string's text; with its escapes if it is not Unicode text.
    func readableText(_ token: JSONStringToken) -> String {
        TerminalText.escape(decode(token) ?? String(decoding: bytes[token.content], as: UTF8.self))
    }
}

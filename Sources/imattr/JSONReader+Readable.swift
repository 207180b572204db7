import JSONTokens

/// Values as a person reads them on a terminal, with nothing left in them that acts on it.
extension JSONReader {
    /// Passes a value: a string's text, anything else as it stands.
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

/// The bytes with which some editors begin a text, to say how it is encoded.
enum ByteOrderMark {
    private static let utf8: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The text after the mark of UTF-8, if it begins with that.
    static func without(_ text: [UInt8]) -> [UInt8] {
        hasUTF8Mark(text) ? Array(text.dropFirst(utf8.count)) : text
    }

    /// Whether a text begins with the mark of UTF-8.
    static func hasUTF8Mark(_ text: some Sequence<UInt8>) -> Bool { text.starts(with: utf8) }

    /// The encoding, if it is one that no file of ours may have: by its mark, or because every other byte is zero.
    static func foreignEncoding(of text: some Collection<UInt8>) -> String? {
        let marks: [(mark: [UInt8], name: String)] = [
            ([0xFF, 0xFE, 0, 0], "UTF-32"), ([0, 0, 0xFE, 0xFF], "UTF-32"), ([0xFF, 0xFE], "UTF-16"),
            ([0xFE, 0xFF], "UTF-16"),
        ]
        if let marked = marks.first(where: { text.starts(with: $0.mark) }) { return marked.name }
        // No text begins with the character zero, so zeros are parts of characters.
        guard text.prefix(2).contains(0) else { return nil }
        return text.prefix(4).count { $0 == 0 } > 2 ? "UTF-32" : "UTF-16"
    }
}

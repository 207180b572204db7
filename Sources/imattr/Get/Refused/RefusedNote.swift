import IMAttrClient

/// What is said at the end about refused accounts: how many, the first of them with their codes, and where the others are listed.
struct RefusedNote {
    private static let shown = 5
    private var first: [Refusal] = []
    private var asked = 0
    private(set) var count = 0

    mutating func append(asked: Int, _ refused: [Refusal]) {
        self.asked += asked
        count += refused.count
        first += refused.prefix(Self.shown - first.count)
    }

    /// The note; nil if none was refused.
    ///
    /// - Parameters:
    ///   - list: The file that has all of them.
    ///   - isAskedAgain: Whether the same command asks for them again.
    func text(list: String?, isAskedAgain: Bool) -> String? {
        if count == 0 { return nil }
        let reasons = first.map { "'\($0.account.text)' (\($0.text))" }.joined(separator: ", ")
        var text = "\(count) of \(asked) accounts refused: \(reasons)\(count > first.count ? ", …" : "")"
        if let list { text += "; all are listed in \(list)" }
        return text + (isAskedAgain ? ". The same command asks for them again." : ".")
    }
}

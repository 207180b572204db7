import IMAttrClient

/// What is said after a table about accounts that upstream did not answer: how many, and the first of them.
struct MissingNote {
    private static let shown = 10
    private var first: [Account] = []
    private var asked = 0
    private var count = 0

    mutating func append(_ answers: [AccountAnswer]) {
        let missing = answers.filter { $0.attrs == nil }
        asked += answers.count
        count += missing.count
        first += missing.prefix(Self.shown - first.count).map(\.account)
    }

    /// The note; nil if none is missing.
    var text: String? {
        if count == 0 { return nil }
        let names = first.map { "'\($0.text)'" }.joined(separator: ", ") + (count > first.count ? ", …" : "")
        return "\(count) of \(asked) accounts missing: \(names)"
    }
}

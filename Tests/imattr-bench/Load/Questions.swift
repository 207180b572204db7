/// A supply of questions of one caller. What two supplies with different names ask for is never the same.
struct Questions: Sendable {
    /// Part of each account's name.
    let name: String
    /// Accounts in a question.
    let size: Int
    /// Whether each question is for other accounts than the one before.
    var areFresh = true
    /// The caller's deadline.
    var timeoutMs = 30_000
    /// How many there are; nil is without end.
    var count: Int?

    private var asked = 0

    init(name: String, size: Int, areFresh: Bool = true, timeoutMs: Int = 30_000, count: Int? = nil) {
        self.name = name
        self.size = size
        self.areFresh = areFresh
        self.timeoutMs = timeoutMs
        self.count = count
    }

    mutating func next() -> Question? {
        guard asked < count ?? .max else { return nil }
        asked += 1
        let first = areFresh ? (asked - 1) * size : 0
        let accounts = (first..<first + size).map { "\(name)-\($0)" }
        return Question(accounts: accounts, timeoutMs: timeoutMs)
    }
}

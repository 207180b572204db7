/// What is answered for an account that is not among the known users. The vendor does not document it, so a client
/// has to live with each.
public enum UnknownAccounts: String, Sendable, CaseIterable {
    /// An entry without attributes.
    case empty
    /// No entry.
    case missing
    /// No entry in `UserAttrs`, but one in `ErrorList`, with code 70107.
    case errorList = "error-list"
    /// An entry with attributes that depend on the account's name only.
    case madeUp = "made-up"
    /// An entry whose only attribute, `account`, is the account's name: a caller that gets another account's data can detect it.
    case echo
}

/// The attributes of a user: pairs of JSON texts, in order, exactly as they were written.
struct Attributes: Sendable, Equatable {
    struct Pair: Sendable, Equatable {
        /// A JSON string with its quotes.
        var name: String
        /// Any JSON text.
        var value: String
    }

    var pairs: [Pair] = []

    /// Attributes that depend on the account's name only.
    init(madeUpFor account: [UInt8]) {
        // FNV-1a: the same in every run, unlike Swift's own hashes.
        let hash = account.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        var random = SeededGenerator(seed: hash)
        let cities = ["New York", "Shenzhen", "Lisbon", "Nairobi", "São Paulo", "東京"]
        pairs = [
            Pair(name: #""sex""#, value: random.next() % 2 == 0 ? #""Female""# : #""Male""#),
            Pair(name: #""city""#, value: "\"\(cities[Int(random.next() % 6)])\""),
            Pair(name: #""level""#, value: "\"\(random.next() % 100)\""),
        ]
    }

    /// One attribute, `account`: the account's name.
    init(echoing account: [UInt8]) {
        pairs = [Pair(name: #""account""#, value: AnswerText.quoted(account))]
    }

    init(_ pairs: [Pair] = []) {
        self.pairs = pairs
    }
}

/// Numbers a rule of the configuration for as long as the daemon runs: no other rule gets its number, even after it has vanished.
public struct RuleIndex: Hashable, Comparable, Sendable {
    /// 0 for what no rule applies to; rules count from 1.
    public let number: UInt32

    /// What no rule applies to, such as all callers where there are no rules.
    public static let none = RuleIndex(number: 0)

    /// The rule of this number.
    public init(number: UInt32) { self.number = number }

    /// The order in which the rules became known.
    public static func < (left: RuleIndex, right: RuleIndex) -> Bool { left.number < right.number }
}

/// What a rule may use.
public struct RuleShare: Hashable, Sendable {
    /// Distinguishes it from the other rules; one that has the same name after a reload is the same rule.
    public let name: String
    /// Its part of the accounts beside other rules that ask, 1…20: twice the weight is twice the part.
    public let weight: Int
    /// Accounts that may enter calls in a second, at least 1; nil if there is no such limit. Up to a second's accounts, and at least
    /// those of one call, may enter at once after a pause.
    public let accountsPerSecond: Int?
    /// (request, account) pairs of its open requests, at most; nil if there is no such limit.
    public let maxQueuedAccounts: Int?

    /// The weights that there are.
    public static let weights = 1...20

    /// What a rule may use.
    /// - Parameter weight: One out of range counts as the nearest in it.
    public init(name: String, weight: Int = 1, accountsPerSecond: Int? = nil, maxQueuedAccounts: Int? = nil) {
        self.name = name
        self.weight = min(max(weight, Self.weights.lowerBound), Self.weights.upperBound)
        self.accountsPerSecond = accountsPerSecond.map { max(1, $0) }
        self.maxQueuedAccounts = maxQueuedAccounts
    }
}

/// What each rule of the configuration may use, by the rule's number.
public struct RuleShares: Hashable, Sendable {
    /// The number of each rule, in the order of the configuration.
    public let indexes: [RuleIndex]
    private let shares: [RuleIndex: RuleShare]
    /// The highest number that a rule has had so far.
    private let lastNumber: UInt32

    /// No rules: all callers share alike.
    public static let none = RuleShares([])

    /// The rules that the daemon starts with.
    /// - Parameter rules: In the order of the configuration.
    public init(_ rules: [RuleShare]) { self.init(rules, after: nil) }

    private init(_ rules: [RuleShare], after earlier: RuleShares?) {
        var known: [String: RuleIndex] = [:]
        for (index, share) in earlier?.shares ?? [:] { known[share.name] = index }
        var (indexes, shares, last): ([RuleIndex], [RuleIndex: RuleShare], UInt32) = ([], [:], earlier?.lastNumber ?? 0)
        for rule in rules {
            let kept = known.removeValue(forKey: rule.name)
            if kept == nil { last += 1 }
            let index = kept ?? RuleIndex(number: last)
            indexes.append(index)
            shares[index] = rule
        }
        (self.indexes, self.shares, lastNumber) = (indexes, shares, last)
    }

    /// The rules after a reload: those that have kept their names keep their numbers, and all others get new ones.
    /// - Parameter rules: In the order of the configuration.
    public func replaced(by rules: [RuleShare]) -> RuleShares { RuleShares(rules, after: self) }

    /// What a rule may use; nil if there is no such rule (any more).
    public subscript(index: RuleIndex) -> RuleShare? { shares[index] }

    /// Whether there are no rules.
    public var isEmpty: Bool { indexes.isEmpty }
}

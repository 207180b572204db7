import AttributeAPI
import AttributeValues
import JSONRPCServer

/// What a log line is written for.
public enum AuditScope: String, CaseIterable, Sendable { case off, requests, accounts }

/// One rule: whom it is for, and what these may do.
public struct Rule: Hashable, Sendable {
    /// Its name, which errors, status and metrics show; no other rule has it.
    public let name: String
    /// Whom it is for.
    public let match: RuleMatch
    /// The methods that are served; nil: all. See ``allows(_:)``.
    public var methods: Set<MethodName>?
    /// The accounts that may be asked for; nil: all.
    public var accounts: AccountPatterns?
    /// The attributes that are passed on; nil: all.
    public var attributes: AttributeNames?
    /// Its weight among the rules whose accounts wait.
    public var share = shares.lowerBound
    /// Accounts of its callers that enter calls in a second; nil: no bound of its own.
    public var accountsPerSecond: Int?
    /// Accounts that wait, over all requests of its callers; nil: no bound of its own.
    public var maxQueuedAccounts: Int?
    /// Accounts in a request; nil: that of all.
    public var maxAccountsPerRequest: Int?
    /// A smaller `maxAgeMs` is raised to this, in milliseconds.
    public var minMaxAgeMs: Int64 = 0
    /// What a log line is written for; nil: as for all.
    public var audit: AuditScope?

    /// The weights that are allowed.
    public static let shares = 1...20
    /// The methods that a rule can give.
    public static let methods = MethodName.forCallers
    /// Those that are served whatever a rule says, and to callers that match none.
    public static let alwaysServed: Set<MethodName> = [.ping, .getStatus, .cancelRequest]

    /// A rule that allows everything.
    public init(name: String, match: RuleMatch) {
        self.name = name
        self.match = match
    }

    /// Whether a method is served.
    public func allows(_ method: MethodName) -> Bool {
        methods.map { $0.contains(method) || Self.alwaysServed.contains(method) } ?? true
    }

    /// Whether some accounts or attributes must stay unknown to its callers. Then no text of upstream's reaches them but the values of
    /// attributes: it could name others.
    public var isConfidential: Bool { accounts != nil || attributes != nil }

    /// Accounts in a request: as many as may wait at all, if that is less; nil: as for all.
    public var maxAccountsInOneRequest: Int? { [maxAccountsPerRequest, maxQueuedAccounts].compactMap(\.self).min() }

    /// What is passed on of what upstream said.
    /// - Parameter accounts: Those of the request, in the order of the results.
    public func filter(_ results: AccountResults, of accounts: [Account]) -> AccountResults {
        isConfidential ? results.filtered(by: attributes, of: accounts) : results
    }
}

/// The rules, of which the first that is for a caller decides.
public struct RuleList: Hashable, Sendable {
    /// What holds for a caller.
    public enum Decision: Hashable, Sendable {
        /// The rule with this index, and why it is for the caller.
        case rule(Int, because: String)
        /// No rule is for the caller, who may do everything all the same: root on `rpc`, and administrators on their socket.
        case unrestricted
        /// No rule is for the caller.
        case refused
    }

    /// How many there may be; there is a metric for each.
    public static let most = 100

    /// In their order.
    public let rules: [Rule]

    /// - Precondition: There is a rule, and no name occurs twice.
    public init(_ rules: [Rule]) {
        precondition(!rules.isEmpty && Set(rules.map(\.name)).count == rules.count, "no rules, or one name twice")
        self.rules = rules
    }

    /// What holds for a caller on a socket. It takes time for each rule: to be kept for as long as the rules stay.
    public func decision(for caller: Caller, at door: Door) -> Decision {
        if door == .administrators { return .unrestricted }
        for (index, rule) in rules.enumerated() {
            if let reason = rule.match.reason(for: caller, at: door) { return .rule(index, because: reason) }
        }
        return door == .callers && caller.uid == 0 ? .unrestricted : .refused
    }
}

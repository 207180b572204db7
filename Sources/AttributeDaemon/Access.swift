import Accounting
import AttributeAPI
import DaemonConfiguration
import JSONRPCServer
import Rights

/// What callers have asked for under a rule since it has its name. It outlives reloads.
final class RuleCounts {
    /// Requests of any method.
    var requests = 0
    /// Accounts in the `getAttrs` requests that were taken.
    var accounts = 0
    /// Requests that the rule refused.
    var refused = 0
}

/// A rule that is in force, and its use.
final class RuleInForce {
    let rule: Rule
    /// By which what its callers ask for is accounted.
    let index: RuleIndex
    let use: RuleCounts

    init(_ rule: Rule, _ index: RuleIndex, _ use: RuleCounts) {
        self.rule = rule
        self.index = index
        self.use = use
    }
}

/// Who may ask for what, by the configuration in force.
struct Access {
    /// What limits callers.
    enum Limitation {
        /// Nothing but the sockets' modes.
        case sockets
        case list(AllowList)
        case rules(RuleList, [RuleInForce])
    }

    /// What a caller may do.
    enum Standing {
        case unrestricted
        case rule(RuleInForce)
        /// Nothing; with rules, at least to see that.
        case refused
    }

    /// What limits callers.
    private(set) var limitation = Limitation.sockets
    /// What each rule may use; where there are none, each socket `rpc-NAME` has a share of its own.
    private(set) var shares = RuleShares.none
    /// By which what was found out about a connection is known to hold still.
    private(set) var generation: UInt32 = 1
    /// The names of the sockets `rpc-NAME`.
    private var sockets: [String] = []
    /// What was refused because no rule matched.
    var refusedWithoutRule = 0

    /// The rules in force, in their order.
    var rules: [RuleInForce] {
        if case .rules(_, let inForce) = limitation { inForce } else { [] }
    }

    /// Takes over a configuration. A rule that has kept its name keeps its use and its number.
    mutating func replace(with settings: Settings) {
        generation &+= 1
        guard let list = settings.rules else {
            limitation = settings.allow.map { .list($0) } ?? .sockets
            return shareBySocket()
        }
        let uses = Dictionary(rules.map { ($0.rule.name, $0.use) }) { first, _ in first }
        shares = shares.replaced(by: list.rules.map(RuleShare.init))
        limitation = .rules(
            list,
            zip(list.rules, shares.indexes).map { RuleInForce($0, $1, uses[$0.name] ?? RuleCounts()) })
    }

    /// Callers come by another socket.
    mutating func add(_ door: Door) {
        guard case .named(let name) = door else { return }
        generation &+= 1
        sockets.append(name)
        if rules.isEmpty { shareBySocket() }
    }

    /// No rule has such a name.
    private mutating func shareBySocket() {
        shares = shares.replaced(by: sockets.map { RuleShare(name: "socket:\($0)") })
    }

    // MARK: Connections

    /// Finds out what holds for a connection, and keeps it with it.
    func note(_ connection: any RPCConnection) {
        let (standing, rule) = finding(connection.caller, connection.door)
        connection.note.generation = generation
        connection.note.standing = standing
        connection.note.rule = rule
    }

    /// Whose part of the server's bounds a connection takes.
    func principal(of caller: Caller, at door: Door) -> Principal {
        if door == .administrators { return .administrators }
        return Principal(caller, at: door, under: finding(caller, door).rule)
    }

    /// What a connection may do that is noted.
    func standing(of connection: any RPCConnection) -> Standing { standing(connection.note.standing) }

    /// The rule of a connection that may not be noted.
    func rule(of connection: ConnectionFigures) -> RuleInForce? {
        let isNoted = connection.note.generation == generation
        let standing = isNoted ? connection.note.standing : finding(connection.caller, connection.door).standing
        if case .rule(let place) = standing { return rules[place] } else { return nil }
    }

    private func finding(_ caller: Caller, _ door: Door) -> (standing: ServiceNote.Standing, rule: RuleIndex) {
        switch limitation {
        case .rules(let list, let rules):
            switch list.decision(for: caller, at: door) {
            case .rule(let index, _): return (.rule(at: index), rules[index].index)
            case .unrestricted: return (.unrestricted, .none)
            case .refused: return (.refused, .none)
            }
        case .list(let list):
            return (list.allows(caller, at: door) ? .unrestricted : .refused, share(of: door))
        case .sockets: return (.unrestricted, share(of: door))
        }
    }

    private func share(of door: Door) -> RuleIndex {
        guard case .named(let name) = door, let place = sockets.firstIndex(of: name) else { return .none }
        return shares.indexes[place]
    }

    private func standing(_ noted: ServiceNote.Standing) -> Standing {
        switch noted {
        case .unrestricted: .unrestricted
        case .rule(let place): .rule(rules[place])
        case .refused: .refused
        }
    }
}

extension Principal {
    /// Whose part of each bound a caller takes.
    /// - Parameter rule: The rule that applies to it; without rules, that of its socket.
    init(_ caller: Caller, at door: Door, under rule: RuleIndex) {
        switch door {
        case .callers: self.init(rule: rule, uid: caller.uid)
        case .named: self = .container(under: rule)
        case .administrators: self = .administrators
        }
    }
}

extension RuleShare {
    /// - Parameter rule: What it may use is a part of what it says.
    fileprivate init(_ rule: Rule) {
        self.init(
            name: rule.name, weight: rule.share, accountsPerSecond: rule.accountsPerSecond,
            maxQueuedAccounts: rule.maxQueuedAccounts)
    }
}

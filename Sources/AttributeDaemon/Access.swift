import AttributeAPI
import DaemonConfiguration
import JSONRPCServer
import Rights

/// What callers have asked for under a rule since it has its name. It outlives reloads.
final class RuleUse {
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
    let use: RuleUse

    init(_ rule: Rule, _ use: RuleUse) {
        self.rule = rule
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
    /// By which what was found out about a connection is known to hold still.
    private var generation: UInt32 = 1
    /// What was refused because no rule matched.
    var refusedWithoutRule = 0

    /// The rules in force, in their order.
    var rules: [RuleInForce] {
        if case .rules(_, let inForce) = limitation { inForce } else { [] }
    }

    /// Takes over a configuration. A rule that has kept its name keeps its use.
    mutating func replace(with settings: Settings?) {
        generation &+= 1
        if let rules = settings?.rules {
            let uses = Dictionary(self.rules.map { ($0.rule.name, $0.use) }) { first, _ in first }
            limitation = .rules(rules, rules.rules.map { RuleInForce($0, uses[$0.name] ?? RuleUse()) })
        } else {
            limitation = settings?.allow.map { .list($0) } ?? .sockets
        }
    }

    /// What a caller may do. Asked for each request, so that what a reload takes away is gone for open connections, too.
    func standing(of connection: any RPCConnection) -> Standing {
        switch limitation {
        case .sockets: return .unrestricted
        case .list(let list): return list.allows(connection.caller, at: connection.door) ? .unrestricted : .refused
        case .rules(let list, let rules):
            if connection.note.generation != generation {
                connection.note.value = Self.value(list.decision(for: connection.caller, at: connection.door))
                connection.note.generation = generation
            }
            return Self.standing(connection.note.value, rules)
        }
    }

    /// The rule of a connection that may be known from its last request.
    func rule(of connection: ConnectionFigures) -> RuleInForce? {
        guard case .rules(let list, let rules) = limitation else { return nil }
        let value =
            connection.note.generation == generation
            ? connection.note.value : Self.value(list.decision(for: connection.caller, at: connection.door))
        if case .rule(let rule) = Self.standing(value, rules) { return rule } else { return nil }
    }

    private static func value(_ decision: RuleList.Decision) -> Int32 {
        switch decision {
        case .rule(let index, _): Int32(index)
        case .unrestricted: -1
        case .refused: -2
        }
    }

    private static func standing(_ value: Int32, _ rules: [RuleInForce]) -> Standing {
        if value >= 0 { return .rule(rules[Int(value)]) }
        return value == -1 ? .unrestricted : .refused
    }
}

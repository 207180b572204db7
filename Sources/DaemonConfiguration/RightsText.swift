import AttributeAPI
import JSONRPCServer
import Rights

/// Rules for a person, as `imattrd --check` prints them.
public enum RightsText {
    /// How many elements of a list are shown.
    private static let most = 10

    /// A line for each rule: its name, whom it is for, and what it limits.
    public static func lines(_ rules: RuleList) -> [String] {
        rules.rules.map { rule in
            let limits = limits(of: rule).map { "\($0.name): \($0.value)" }
            return "rule \(rule.name)  for \(callers(rule.match))  \(limits.joined(separator: "; "))".onOneLine
        }
    }

    /// What holds for a caller, and why: a line for each right.
    public static func lines(of caller: Caller, at door: Door, by settings: Settings) -> [String] {
        let who = caller.uid == .max ? "a caller" : "uid \(caller.uid)"
        let groups = Array(Set([caller.gid] + caller.groups)).filter { $0 != .max }.sorted().map { "\($0)" }
        let head =
            "\(who)\(groups.isEmpty ? "" : ", groups \(groups.joined(separator: ", "))"), on the socket \(door.name)"
        guard let rules = settings.rules else {
            let isAllowed = settings.allow?.allows(caller, at: door) ?? true
            let why = settings.allow == nil ? "there are no rules" : "by allow"
            return [head, "access: \(isAllowed ? "everything" : "none"), \(why)"]
        }
        switch rules.decision(for: caller, at: door) {
        case .unrestricted: return [head, "access: everything, since no rule is for root"]
        case .refused: return [head, "access: none (-32003), as no rule matches; ping and getStatus are served"]
        case .rule(let index, let reason):
            let rule = rules.rules[index]
            return [head, "rule: \(rule.name), number \(index + 1) of \(rules.rules.count), because of \(reason)"]
                + limits(of: rule).map { "\($0.name): \($0.value)".onOneLine }
        }
    }

    private static func callers(_ match: RuleMatch) -> String {
        let sockets = match.sockets.map { "socket:\($0)" }
        let conditions = match.conditions.map(\.description)
        if sockets.isEmpty || conditions.isEmpty { return list(sockets + conditions) }
        return "\(list(sockets)) with \(list(conditions))"
    }

    private static func limits(of rule: Rule) -> [(name: String, value: String)] {
        let methods = MethodName.forCallers.filter(rule.allows).map(\.rawValue)
        var limits = [
            ("methods", rule.methods == nil ? "all" : list(methods)),
            ("accounts", rule.accounts.map { list($0.texts) } ?? "all"),
            ("attributes", rule.attributes.map { list($0.names) } ?? "all"), ("share", "\(rule.share)"),
        ]
        let numbers: [(String, Int?)] = [
            ("accountsPerSecond", rule.accountsPerSecond), ("maxQueuedAccounts", rule.maxQueuedAccounts),
            ("maxAccountsPerRequest", rule.maxAccountsInOneRequest),
            ("minMaxAgeMs", rule.minMaxAgeMs == 0 ? nil : Int(rule.minMaxAgeMs)),
        ]
        limits += numbers.compactMap { name, number in number.map { (name, "\($0)") } }
        if let audit = rule.audit { limits.append(("audit", audit.rawValue)) }
        return limits
    }

    private static func list(_ elements: [String]) -> String {
        let shown = elements.prefix(most).map { WrittenText($0).plain }.joined(separator: ", ")
        return elements.count > most ? "\(shown) and \(elements.count - most) more" : shown
    }
}

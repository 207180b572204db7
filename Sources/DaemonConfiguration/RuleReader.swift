import AttributeAPI
import JSONRPCServer
import Rights

/// Reads the list of rules, and collects everything that is wrong with it: which rule and field, the line, the value, and what is
/// allowed.
struct RuleReader {
    /// What a rule can have.
    private enum Field: String, CaseIterable {
        case match, name, methods, accounts, attributes, share, accountsPerSecond, maxQueuedAccounts
        case maxAccountsPerRequest, minMaxAgeMs, audit

        static let names = allCases.map(\.rawValue).joined(separator: ", ")
    }

    private typealias Entry = ConfigurationText.Entry

    /// What was read so far.
    private(set) var rules: [Rule] = []
    private(set) var problems: [ConfigurationProblem] = []
    private let settings: Settings

    /// Characters of a rule's name.
    private static let longestName = 30

    /// - Parameter settings: Its bounds hold for rules, too.
    init(_ maps: [ConfigurationText.Entry.Map], _ settings: Settings) {
        self.settings = settings
        if maps.count > RuleList.most, let origin = maps.last?.origin {
            problems.append(
                ConfigurationProblem("rules", origin, nil, "there are \(maps.count) rules; at most \(RuleList.most)"))
            return
        }
        for (index, map) in maps.enumerated() { read(map, at: index) }
    }

    /// The rules; nil if anything is wrong with them.
    var list: RuleList? { problems.isEmpty && !rules.isEmpty ? RuleList(rules) : nil }

    private mutating func read(_ map: ConfigurationText.Entry.Map, at index: Int) {
        let place = "rules[\(index)]"
        var entries: [Field: Entry] = [:]
        for member in map.members {
            guard let field = Field(rawValue: member.name) else {
                let name = WrittenText(name: member.name).plain
                report("\(place).\(name)", member.entry, nil, "no such field; allowed are \(Field.names)")
                continue
            }
            if entries.updateValue(member.entry, forKey: field) != nil {
                report("\(place).\(field)", member.entry, nil, "is given twice")
            }
        }
        let name = name(entries[.name], place, index)
        guard let match = match(entries[.match], place, map) else { return }
        var rule = Rule(name: name, match: match)
        for field in Field.allCases {
            if let entry = entries[field] { read(field, entry, "\(place).\(field)", into: &rule) }
        }
        rules.append(rule)
    }

    private mutating func read(_ field: Field, _ entry: Entry, _ place: String, into rule: inout Rule) {
        switch field {
        case .match, .name: break
        case .methods: rule.methods = methods(entry, place)
        case .accounts: rule.accounts = accounts(entry, place)
        case .attributes: rule.attributes = attributes(entry, place)
        case .share: rule.share = integer(entry, place, Rule.shares) ?? rule.share
        case .accountsPerSecond: rule.accountsPerSecond = integer(entry, place, 1...100_000_000)
        case .maxQueuedAccounts:
            rule.maxQueuedAccounts = integer(
                entry, place, 1...max(1, settings.maxQueuedAccounts), "as maxQueuedAccounts holds for all")
        case .maxAccountsPerRequest:
            rule.maxAccountsPerRequest = integer(
                entry, place, 1...max(1, settings.maxAccountsPerRequest), "as maxAccountsPerRequest holds for all")
        case .minMaxAgeMs: rule.minMaxAgeMs = Int64(integer(entry, place, 0...3_600_000) ?? 0)
        case .audit:
            let words = AuditScope.allCases.map(\.rawValue).joined(separator: ", ")
            rule.audit = word(entry, place, "must be one of \(words)", AuditScope.init(rawValue:))
        }
    }

    // MARK: Whom it is for

    private mutating func name(_ entry: Entry?, _ place: String, _ index: Int) -> String {
        let usual = "rule-\(index + 1)"
        let allowed = "must be 1 to \(Self.longestName) of the characters a-z, A-Z, 0-9, '.', '_' and '-'"
        let name = entry.flatMap { word($0, "\(place).name", allowed) { Self.isName($0) ? $0 : nil } } ?? usual
        if rules.contains(where: { $0.name == name }) {
            let problem = ConfigurationProblem(
                "\(place).name", entry?.origin, WrittenText(name), "another rule has this name")
            problems.append(problem)
        }
        return name
    }

    private static func isName(_ text: String) -> Bool {
        1...longestName ~= text.utf8.count
            && text.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
                default: false
                }
            }
    }

    private static let allowedMatches = "user:NAME, group:NAME, uid:N, gid:N and socket:NAME"

    private mutating func match(
        _ entry: Entry?, _ place: String, _ map: ConfigurationText.Entry.Map
    ) -> RuleMatch? {
        let place = "\(place).match"
        guard let entry else {
            problems.append(
                ConfigurationProblem(place, map.origin, nil, "is required: a list of \(Self.allowedMatches)"))
            return nil
        }
        guard let elements = elements(entry, place, most: RuleMatch.most) else { return nil }
        var sockets: [String] = []
        var conditions: [RuleMatch.Condition] = []
        let before = problems.count
        for (index, text) in elements.enumerated() {
            if text.hasPrefix(Self.socket) {
                let name = String(text.dropFirst(Self.socket.count))
                if Door.isName(name) {
                    sockets.append(name)
                } else {
                    report("\(place)[\(index)]", entry, text, "a socket's name has 1 to 32 of a-z, 0-9 and '-'")
                }
                continue
            }
            do throws(UnusableValue) {
                conditions.append(try RuleMatch.Condition(written: text, allowed: Self.allowedMatches))
            } catch {
                report("\(place)[\(index)]", entry, nil, error.reason)
            }
        }
        if !sockets.isEmpty, conditions.contains(where: \.isName) {
            report(place, entry, nil, "with socket: only uid:N and gid:N can be combined, as names mean nothing there")
        }
        return problems.count == before ? RuleMatch(sockets: sockets, conditions: conditions) : nil
    }

    private static let socket = "socket:"

    // MARK: What it allows

    private mutating func methods(_ entry: Entry, _ place: String) -> Set<MethodName>? {
        guard let elements = elements(entry, place, most: MethodName.allCases.count) else { return nil }
        let names = Rule.methods.map(\.rawValue).joined(separator: ", ")
        var methods: Set<MethodName> = []
        for (index, text) in elements.enumerated() {
            if let method = MethodName(name: text), Rule.methods.contains(method) {
                methods.insert(method)
            } else {
                report("\(place)[\(index)]", entry, text, "no such method; allowed are \(names)")
            }
        }
        return methods
    }

    private mutating func accounts(_ entry: Entry, _ place: String) -> AccountPatterns? {
        guard let elements = elements(entry, place, most: AccountPatterns.most) else { return nil }
        for (index, text) in elements.enumerated() {
            do throws(AccountPatterns.Fault) {
                _ = try AccountPatterns([text])
            } catch {
                report("\(place)[\(index)]", entry, text, error.reason)
            }
        }
        return try? AccountPatterns(elements)
    }

    private mutating func attributes(_ entry: Entry, _ place: String) -> AttributeNames? {
        guard let elements = elements(entry, place, most: AttributeNames.most) else { return nil }
        for (index, text) in elements.enumerated() where text.hasSuffix("*") || text.isEmpty {
            report("\(place)[\(index)]", entry, text, "must be the whole name of an attribute")
        }
        return AttributeNames(elements)
    }

    // MARK: Values

    /// The elements of a list, or one text; nil if there are none or too many.
    private mutating func elements(_ entry: Entry, _ place: String, most: Int) -> [String]? {
        switch entry.content {
        case .scalar(let text): return [text]
        case .list(let elements) where 1...most ~= elements.count: return elements
        case .list(let elements):
            report(
                place, entry, nil,
                elements.isEmpty
                    ? "an empty list allows nothing; leave it out to allow all"
                    : "has \(elements.count) elements; at most \(most) are allowed")
        case .nothing, .maps: report(place, entry, nil, "has no value; write a list")
        }
        return nil
    }

    private mutating func integer(
        _ entry: Entry, _ place: String, _ range: ClosedRange<Int>, _ why: String? = nil
    ) -> Int? {
        let allowed = "must be an integer from \(range.lowerBound) to \(range.upperBound)"
        return word(entry, place, allowed + (why.map { ", \($0)" } ?? "")) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private mutating func word<Value>(
        _ entry: Entry, _ place: String, _ allowed: String, _ read: (String) -> Value?
    ) -> Value? {
        switch entry.content {
        case .scalar(let text):
            if let value = read(text) { return value }
            report(place, entry, text, allowed)
        case .list, .maps: report(place, entry, nil, "must be one value, not a list")
        case .nothing: report(place, entry, nil, "has no value; it \(allowed)")
        }
        return nil
    }

    private mutating func report(_ place: String, _ entry: Entry, _ value: String?, _ allowed: String) {
        problems.append(ConfigurationProblem(place, entry.origin, value.map { WrittenText($0) }, allowed))
    }
}

extension RuleMatch.Condition {
    /// Whether it is of a name, which this machine has and a container need not have.
    fileprivate var isName: Bool {
        switch self {
        case .user, .group: true
        case .uid, .gid: false
        }
    }
}

import AttributeAPI
import AttributeValues
import JSONRPCServer
import Testing

@testable import Rights

/// Matching against a model that is written as a person would say it.
@Suite struct RuleModelTests {
    /// A caller, the socket it comes by, and rules, all from small sets so that they meet.
    private struct Case {
        var caller: Caller
        var door: Door
        var rules: [Rule]

        init(_ random: inout some RandomNumberGenerator) {
            let ids: [UInt32] = [0, 1, 2, 3]
            func id() -> UInt32 { ids.randomElement(using: &random) ?? 0 }
            let sockets = ["web", "batch"]
            caller = Caller(
                uid: id(), gid: id(), groups: (0..<Int.random(in: 0...2, using: &random)).map { _ in id() })
            door =
                [.callers, .callers, .named("web"), .named("batch"), .administrators].randomElement(using: &random)
                ?? .callers
            rules = (0..<Int.random(in: 1...5, using: &random)).map { index in
                let isForSockets = Bool.random(using: &random)
                let named =
                    isForSockets ? sockets.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random)) : []
                let least = isForSockets ? 0 : 1
                let conditions = (0..<Int.random(in: least...2, using: &random)).map { _ -> RuleMatch.Condition in
                    let id = id()
                    switch Int.random(in: 0..<(isForSockets ? 2 : 4), using: &random) {
                    case 0: return .uid(id)
                    case 1: return .gid(id)
                    case 2: return .user("user\(id)", uid: id)
                    default: return .group("group\(id)", gid: id)
                    }
                }
                return Rule(name: "r\(index)", match: RuleMatch(sockets: Array(named), conditions: conditions))
            }
        }

        /// The index of the rule that decides; -1: everything is allowed; -2: nothing is.
        var expected: Int {
            if door == .administrators { return -1 }
            for (index, rule) in rules.enumerated() where isFor(rule) { return index }
            return door == .callers && caller.uid == 0 ? -1 : -2
        }

        private func isFor(_ rule: Rule) -> Bool {
            let byUser = rule.match.conditions.contains { condition in
                switch condition {
                case .uid(let id), .user(_, let id): return id == caller.uid
                case .gid(let id), .group(_, let id): return ([caller.gid] + caller.groups).contains(id)
                }
            }
            if door == .callers { return rule.match.sockets.isEmpty && byUser }
            let bySocket = rule.match.sockets.map { Door.named($0) }.contains(door)
            return bySocket && (rule.match.conditions.isEmpty || byUser)
        }
    }

    @Test func theFirstMatchDecides() {
        var random = SystemRandomNumberGenerator()
        var seen: Set<Int> = []
        for _ in 0..<20_000 {
            let one = Case(&random)
            let decision: Int
            switch RuleList(one.rules).decision(for: one.caller, at: one.door) {
            case .rule(let index, let reason):
                decision = index
                #expect(!reason.isEmpty)
            case .unrestricted: decision = -1
            case .refused: decision = -2
            }
            #expect(decision == one.expected, "\(one)")
            seen.insert(decision)
        }
        #expect(seen.isSuperset(of: [-2, -1, 0, 1, 2]))
    }

    @Test func theReasonIsWhatTheRuleNames() {
        let caller = Caller(uid: 5, gid: 6, groups: [7])
        let byGroup = RuleMatch(sockets: [], conditions: [.uid(1), .group("ci", gid: 7)])
        #expect(byGroup.reason(for: caller, at: .callers) == "group:ci")
        #expect(byGroup.reason(for: caller, at: .named("web")) == nil)
        let bySocket = RuleMatch(sockets: ["web"], conditions: [.gid(6)])
        #expect(bySocket.reason(for: caller, at: .named("web")) == "socket:web and gid:6")
        #expect(bySocket.reason(for: caller, at: .callers) == nil)
        #expect(bySocket.reason(for: Caller(uid: 0, gid: 0, groups: []), at: .named("web")) == nil)
        #expect(RuleMatch(sockets: ["web"], conditions: []).reason(for: caller, at: .named("web")) == "socket:web")
    }

    // MARK: Accounts

    private static func naive(_ patterns: [String], _ account: [UInt8]) -> Bool {
        patterns.contains { text in
            // A star that is escaped is hidden from what looks for the last one.
            let hidden = text.replacing("\\*", with: "\u{1}")
            let isPrefix = hidden.hasSuffix("*")
            let bytes = Array((isPrefix ? String(hidden.dropLast()) : hidden).utf8).map {
                $0 == 1 ? UInt8(ascii: "*") : $0
            }
            return isPrefix ? account.starts(with: bytes) : account == bytes
        }
    }

    @Test func patternsAreThoseOfTheModel() throws {
        var random = SystemRandomNumberGenerator()
        let pieces = ["a", "b", "é", "e\u{301}", "\\*", "\\", "ab"]
        var hits = 0
        for _ in 0..<5_000 {
            let patterns = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                let stem = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    pieces.randomElement(using: &random) ?? ""
                }
                // A backslash before the star would escape it.
                let joined = stem.joined()
                return Bool.random(using: &random) && !joined.hasSuffix("\\") ? joined + "*" : joined
            }
            let read = try AccountPatterns(patterns)
            for _ in 0..<20 {
                let name = (0..<Int.random(in: 1...4, using: &random))
                    .map { _ in (pieces + ["*"]).randomElement(using: &random) ?? "" }.joined()
                let expected = Self.naive(patterns, Array(name.utf8))
                #expect(read.contains(Account(name)) == expected, "\(patterns) \(name)")
                hits += expected ? 1 : 0
            }
        }
        #expect(hits > 1000)
    }

    @Test func manyPrefixesAreFound() throws {
        let texts = (0..<1000).map { "user\($0)-*" } + ["use*r".replacing("*", with: "\\*")]
        let patterns = try AccountPatterns(texts)
        for index in 0..<1000 { #expect(patterns.contains(Account("user\(index)-x"))) }
        #expect(!patterns.contains("user1000-x"))
        #expect(!patterns.contains("user5"))
        #expect(patterns.contains("use*r"))
        #expect(try AccountPatterns(["*"]).contains("anything"))
    }

    @Test(arguments: ["", "a*b", "**", "*a", String(repeating: "a", count: 256)])
    func whatIsNoPattern(text: String) { #expect(throws: AccountPatterns.Fault.self) { try AccountPatterns([text]) } }

    // MARK: Attributes

    private func filtered(_ names: [String]?, _ json: String, entry: String? = nil) -> (String, String?) {
        var rule = Rule(name: "r", match: RuleMatch(sockets: ["s"], conditions: []))
        rule.attributes = names.map { AttributeNames($0) }
        var results = AccountResults()
        results.append(attrs: Array("[]".utf8).span, errorListEntry: nil)
        results.append(attrs: Array(json.utf8).span, errorListEntry: entry.map { Array($0.utf8) })
        let result = rule.filter(results, of: ["first", "second"])
        return (
            result[1].attrs.map { String(decoding: $0.json, as: UTF8.self) } ?? "none",
            result[1].errorListEntry.map { String(decoding: $0, as: UTF8.self) }
        )
    }

    @Test func onlyNamedAttributesPass() {
        let json = #"{"a":1e3,"secret":{"a":2},"b":["a"],"a":"again","s\u0065cret":4,"\u0061":5}"#
        #expect(filtered(["a", "b"], json).0 == #"{"a":1e3,"b":["a"],"a":"again","\u0061":5}"#)
        #expect(filtered(["nothing"], json).0 == "{}")
        #expect(filtered(nil, json).0 == json)
        #expect(filtered(["a"], "{}").0 == "{}")
        #expect(filtered(["é"], #"{"e\u0301":1,"\u00e9":2,"é":3}"#).0 == #"{"\u00e9":2,"é":3}"#)
        // What is no object does not pass.
        #expect(filtered(["a"], #"["a"]"#).0 == "{}")
        #expect(filtered(["a"], #"{"a":1,"b":"#).0 == "{}")
    }

    @Test func upstreamsWordsDoNotPass() {
        let entry = #"{"To_Account":"other","ErrorCode":70107,"ErrorInfo":"other has secret","Attrs":{"secret":1}}"#
        #expect(filtered(["a"], "{}", entry: entry).1 == #"{"To_Account":"second","ErrorCode":70107}"#)
        #expect(filtered(["a"], "{}", entry: "{}").1 == #"{"To_Account":"second"}"#)
    }
}

import AttributeAPI
import AttributeValues
import Glibc
import JSONRPCServer
import Rights
import Testing

@testable import DaemonConfiguration

/// The key `rules`.
@Suite struct ConfigurationRulesTests {
    private typealias Reading = ConfigurationReading

    private func problems(_ yaml: String) -> [String] {
        Reading.read(flags: Reading.required, yaml: yaml).problems.map(\.description)
    }

    @Test func everyFieldIsRead() throws {
        let yaml = """
            rules:
            - name: shop
              match: [user:nobody, group:root, uid:7, gid:8]
              methods: [getAttrs, rpc.discover]
              accounts: [abc, "shop-*", 'a\\*', "x,y"]
              attributes: [Nick, "Tag,1"]
              share: 20
              accountsPerSecond: 500
              maxQueuedAccounts: 1000
              maxAccountsPerRequest: 50
              minMaxAgeMs: 60000
              audit: accounts
            - match: socket:web
            - match: [socket:batch-2, uid:1000]
              share: 1
            """
        let read = Reading.read(flags: Reading.required, yaml: yaml)
        #expect(read.problems.map(\.description) == [])
        let rules = try #require(read.settings?.rules?.rules)
        #expect(rules.map(\.name) == ["shop", "rule-2", "rule-3"])
        let nobody = try #require(getpwnam("nobody")).pointee.pw_uid
        #expect(
            rules[0].match
                == RuleMatch(
                    sockets: [],
                    conditions: [.user("nobody", uid: nobody), .group("root", gid: 0), .uid(7), .gid(8)]))
        #expect(rules[0].methods == [.getAttrs, .discover])
        for account: Account in ["abc", "shop-", "shop-1", "a*", "x,y"] {
            #expect(rules[0].accounts?.contains(account) == true)
        }
        for account: Account in ["abcd", "shop", "ab", "x"] { #expect(rules[0].accounts?.contains(account) == false) }
        #expect(rules[0].attributes?.names == ["Nick", "Tag,1"])
        #expect(rules[0].share == 20 && rules[0].accountsPerSecond == 500 && rules[0].maxQueuedAccounts == 1000)
        #expect(rules[0].maxAccountsPerRequest == 50 && rules[0].minMaxAgeMs == 60000 && rules[0].audit == .accounts)
        #expect(rules[1].match == RuleMatch(sockets: ["web"], conditions: []))
        #expect(rules[1].accounts == nil && rules[1].attributes == nil && rules[1].methods == nil)
        #expect(rules[1].share == 1 && rules[1].audit == nil && rules[1].maxAccountsPerRequest == nil)
        #expect(rules[2].match == RuleMatch(sockets: ["batch-2"], conditions: [.uid(1000)]))
        #expect(read.values.first { $0.key == .rules }?.text == "shop, rule-2, rule-3")
    }

    @Test(arguments: [
        ("rules: 5", #"rules (/etc/test.yaml:1): "5": must be a list of rules"#),
        ("rules: []", "rules (/etc/test.yaml:1): an empty list allows no user"),
        ("rules: [uid:1]", #"rules (/etc/test.yaml:1): "uid:1": must be a list of rules"#),
        ("rules: {match: uid:1}", "rules (/etc/test.yaml:1): must be a value or a list"),
        ("rules: [{}]", "rules[0].match (/etc/test.yaml:1): is required: a list of user:NAME"),
        ("rules: [{match: []}]", "rules[0].match (/etc/test.yaml:1): an empty list allows nothing"),
        ("rules: [{match: }]", "rules[0].match (/etc/test.yaml:1): has no value"),
        (
            "rules: [{match: [uid:1, wheel]}]",
            #"rules[0].match[1] (/etc/test.yaml:1): "wheel" is no rule; allowed are user:NAME"#
        ),
        ("rules: [{match: uid:-1}]", "is no rule; allowed are"),
        ("rules: [{match: [user:no such user]}]", #"there is no user "no such user""#),
        ("rules: [{match: [group:no such group]}]", #"there is no group "no such group""#),
        (
            "rules: [{match: 'socket:'}]",
            "rules[0].match[0] (/etc/test.yaml:1): \"socket:\": a socket's name has 1 to 32"
        ),
        ("rules: [{match: socket:Web}]", "a socket's name has 1 to 32 of a-z"),
        ("rules: [{match: [socket:web, user:root]}]", "with socket: only uid:N and gid:N can be combined"),
        ("rules: [{match: uid:1, name: 'a b'}]", #""a b": must be 1 to 30 of the characters"#),
        (
            "rules: [{match: uid:1, name: a}, {match: uid:2, name: a}]",
            #"rules[1].name (/etc/test.yaml:1): "a": another rule"#
        ),
        ("rules: [{match: uid:1, name: rule-2}, {match: uid:2}]", "another rule has this name"),
        (
            "rules: [{match: uid:1, right: all}]",
            "rules[0].right (/etc/test.yaml:1): no such field; allowed are match, name"
        ),
        ("rules: [{match: uid:1, share: 1, share: 2}]", "rules[0].share (/etc/test.yaml:1): is given twice"),
        (
            "rules: [{match: uid:1, methods: [getAttr]}]",
            #"rules[0].methods[0] (/etc/test.yaml:1): "getAttr": no such method; allowed are getAttrs"#
        ),
        ("rules: [{match: uid:1, methods: reload}]", "no such method"),
        ("rules: [{match: uid:1, methods: []}]", "rules[0].methods (/etc/test.yaml:1): an empty list"),
        ("rules: [{match: uid:1, accounts: []}]", "rules[0].accounts (/etc/test.yaml:1): an empty list"),
        (
            "rules: [{match: uid:1, accounts: [a, 'a*b']}]",
            #"rules[0].accounts[1] (/etc/test.yaml:1): "a*b": * may only be the last"#
        ),
        ("rules: [{match: uid:1, accounts: ['']}]", "an account has 1 to 255 bytes"),
        ("rules: [{match: uid:1, attributes: [Tag_*]}]", "must be the whole name of an attribute"),
        (
            "rules: [{match: uid:1, share: 0}]",
            #"rules[0].share (/etc/test.yaml:1): "0": must be an integer from 1 to 20"#
        ),
        ("rules: [{match: uid:1, share: 21}]", "from 1 to 20"),
        ("rules: [{match: uid:1, share: [1]}]", "must be one value, not a list"),
        ("rules: [{match: uid:1, share: }]", "has no value; it must be an integer"),
        ("rules: [{match: uid:1, accountsPerSecond: 0}]", "from 1 to 100000000"),
        ("rules: [{match: uid:1, maxQueuedAccounts: 300001}]", "from 1 to 300000, as maxQueuedAccounts holds for all"),
        (
            "rules: [{match: uid:1, maxAccountsPerRequest: 10001}]",
            "from 1 to 10000, as maxAccountsPerRequest holds for all"
        ),
        ("rules: [{match: uid:1, minMaxAgeMs: 3600001}]", "from 0 to 3600000"),
        ("rules: [{match: uid:1, audit: loud}]", "must be one of off, requests, accounts"),
        ("allow: uid:1\nrules: [{match: uid:1}]", "rules (/etc/test.yaml:2): excludes allow"),
    ])
    func whatIsWrongIsNamed(yaml: String, expected: String) {
        let problems = problems(yaml)
        #expect(problems.count == 1)
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test func tooManyAreRefused() {
        let accounts = (0...1000).map { "a\($0)" }.joined(separator: ", ")
        #expect(
            problems("rules: [{match: uid:1, accounts: [\(accounts)]}]").first?
                .contains("rules[0].accounts (/etc/test.yaml:1): has 1001 elements; at most 1000") == true)
        let rules = (0...100).map { "{match: uid:\($0)}" }.joined(separator: ", ")
        #expect(problems("rules: [\(rules)]").first?.contains("there are 101 rules; at most 100") == true)
        let conditions = (0...100).map { "uid:\($0)" }.joined(separator: ", ")
        #expect(problems("rules: [{match: [\(conditions)]}]").first?.contains("at most 100") == true)
    }

    /// Of many problems five lines are shown, with the line of each.
    @Test func manyProblemsAreAFewLines() {
        let yaml = "rules:\n" + (1...9).map { "- match: uid:\($0)\n  share: 99\n" }.joined()
        let read = Reading.read(flags: Reading.required, yaml: yaml)
        #expect(read.problems.count == 9)
        #expect(read.problems[8].description.hasPrefix("rules[8].share (/etc/test.yaml:19): \"99\""))
        #expect(read.problems.lines.count == 5)
        #expect(read.settings == nil)
    }

    /// What callers are told of it names no user and no account.
    @Test func callersSeeNoRule() {
        let read = Reading.read(flags: Reading.required, yaml: "rules: [{match: uid:1, accounts: ['can*ary']}]")
        #expect(read.problems.lines.first?.contains("can*ary") == true)
        #expect(read.problems.linesForCallers == ["rules: cannot be used; the daemon's log says why"])
    }

    @Test func onlyTheFileHasThem() {
        let read = Reading.read(flags: Reading.required, environment: ["IMATTRD_RULES": "uid:1"])
        #expect(
            read.problems.map(\.description) == [
                "rules (environment variable IMATTRD_RULES): can be given only in the file"
            ])
    }

    @Test func aSocketThatIsOpenToAllMayHaveThem() throws {
        let folder = try ConfigurationFolder()
        let open = try folder.write([], to: "open", mode: 0o666)
        let read = Reading.read(flags: Reading.required, yaml: "rules: [{match: uid:1}]", socketPath: open)
        #expect(read.problems.isEmpty)
    }
}

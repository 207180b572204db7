import AttributeDaemon
import DaemonConfiguration
import Foundation
import JSONRPCServer
import Testing
import UpstreamSandbox

/// Attempts to learn more than a rule allows. What must stay unknown has a word in it that no answer may have.
@Suite(.timeLimit(.minutes(15))) struct RuleAttemptTests {
    /// The word: it is in every account and every attribute that the callers of the rule may not know.
    private static let canary = "canary"

    private static let yaml = """
        rules:
        - name: shop
          match: [socket:shop]
          accounts: [mine-*, exact, "caf\\u00e9", 'lit\\*']
          attributes: [nick, "f\\u00fcr"]
        - name: narrow
          match: [socket:narrow]
          methods: [getAttrs]
          accounts: [mine-*]
          maxAccountsPerRequest: 2
        - name: boss
          match: [uid:\(geteuid())]
        """

    private static let users = """
        {"mine-1": {"nick": "one", "canary-a": "canary-v", "f\\u00fcr": 1, "fu\\u0308r": "canary-v", "Nick": "canary-v"},
        "mine-2": {"canary-a": {"nick": "canary-v"}}, "exact": {"nick": {"deep": [1, 2]}},
        "canary-1": {"nick": "canary-v"}, "canary-2": {"canary-a": "canary-v"},
        "litx": {"nick": "canary-v"}, "mine": {"nick": "canary-v"}, "cafe\\u0301": {"nick": "canary-v"}}
        """

    /// What becomes of an attempt.
    private enum End: Equatable {
        case result
        case error(Int)
        case refused(path: String?)
    }

    private struct Attempt {
        let name: String
        let line: String
        let end: End

        init(_ name: String, _ method: String, _ params: String, _ end: End) {
            self.name = name
            line = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
            self.end = end
        }

        init(_ name: String, accounts: String, more: String = "", _ end: End) {
            self.init(name, "getAttrs", #"{"To_Account":\#(accounts)\#(more)}"#, end)
        }
    }

    private static func list(_ accounts: [String]) -> String {
        "[" + accounts.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }

    /// Each is tried while the answers of all accounts are held.
    private static let attempts: [Attempt] = [
        Attempt("another's account", accounts: #"["canary-1"]"#, .refused(path: "To_Account[0]")),
        Attempt("by position", "getAttrs", #"[["canary-1"]]"#, .refused(path: "To_Account[0]")),
        Attempt("all by position", "getAttrs", #"[["canary-1"],1000,3600000,true]"#, .refused(path: "To_Account[0]")),
        Attempt("held", accounts: #"["canary-1"]"#, more: #","maxAgeMs":3600000"#, .refused(path: "To_Account[0]")),
        Attempt("partial", accounts: #"["canary-1"]"#, more: #","partial":true"#, .refused(path: "To_Account[0]")),
        Attempt("beside one's own", accounts: #"["mine-1","canary-1"]"#, .refused(path: "To_Account[1]")),
        Attempt("before one's own", accounts: #"["canary-1","mine-1"]"#, .refused(path: "To_Account[0]")),
        Attempt(
            "beside one's own, partial and held", accounts: #"["mine-1","canary-1"]"#,
            more: #","partial":true,"maxAgeMs":3600000"#, .refused(path: "To_Account[1]")),
        Attempt(
            "after repetitions", accounts: #"["mine-1","mine-1","mine-1","canary-1"]"#, .refused(path: "To_Account[3]")),
        Attempt("written with escapes", accounts: #"["\u0063anary-1"]"#, .refused(path: "To_Account[0]")),
        Attempt("one that does not exist", accounts: #"["canary-none"]"#, .refused(path: "To_Account[0]")),
        Attempt("almost a prefix", accounts: #"["mine"]"#, .refused(path: "To_Account[0]")),
        Attempt("a prefix in capitals", accounts: #"["Mine-1"]"#, .refused(path: "To_Account[0]")),
        Attempt("a prefix after a space", accounts: #"[" mine-1"]"#, .refused(path: "To_Account[0]")),
        Attempt("a prefix after a mark", accounts: #"["\ufeffmine-1"]"#, .refused(path: "To_Account[0]")),
        Attempt("longer than a name", accounts: #"["exactly"]"#, .refused(path: "To_Account[0]")),
        Attempt("shorter than a name", accounts: #"["exac"]"#, .refused(path: "To_Account[0]")),
        Attempt("a name with a zero", accounts: #"["exact\u0000"]"#, .refused(path: "To_Account[0]")),
        Attempt("another é", accounts: #"["cafe\u0301"]"#, .refused(path: "To_Account[0]")),
        Attempt("a star taken for a pattern", accounts: #"["litx"]"#, .refused(path: "To_Account[0]")),
        Attempt("a pattern for an account", accounts: #"["*"]"#, .refused(path: "To_Account[0]")),
        Attempt("a pattern within the rule", accounts: #"["mine-*"]"#, .result),
        Attempt("the star itself", accounts: #"["lit*"]"#, .result),
        Attempt("the same é", accounts: #"["caf\u00e9"]"#, .result),
        Attempt("no account", accounts: "[]", .result),
        Attempt("an attribute", accounts: #"["mine-1","mine-2"]"#, .result),
        Attempt(
            "an attribute of a held answer", accounts: #"["mine-1","mine-2"]"#, more: #","maxAgeMs":3600000"#, .result),
        Attempt(
            "an attribute in a partial answer", accounts: #"["mine-1","mine-2"]"#, more: #","partial":true"#, .result),
        Attempt("a choice of attributes", accounts: #"["mine-1"]"#, more: #","attributes":["Nick"]"#, .error(-32602)),
        Attempt("another rule", accounts: #"["mine-1"]"#, more: #","rule":"boss""#, .error(-32602)),
        Attempt("another uid", accounts: #"["mine-1"]"#, more: #","uid":0"#, .error(-32602)),
        Attempt("accounts twice", "getAttrs", #"{"To_Account":["mine-1"],"To_Account":["canary-1"]}"#, .error(-32602)),
        Attempt(
            "accounts under another name", "getAttrs", #"{"To_Account":["mine-1"],"to_account":["canary-1"]}"#,
            .error(-32602)),
        Attempt("accounts in a list", accounts: #"[["canary-1"]]"#, .error(-32602)),
        Attempt("accounts in an object", accounts: #"{"mine-1":"canary-1"}"#, .error(-32602)),
        Attempt("too many", accounts: list(Array(repeating: "canary-1", count: 10_001)), .error(-32602)),
        Attempt(
            "at the end of many", accounts: list((0..<9_999).map { "mine-\($0)" } + ["canary-1"]),
            .refused(path: "To_Account[9999]")),
        Attempt("the status", "getStatus", "{}", .result),
        Attempt("the metrics", "getMetrics", "{}", .result),
        Attempt("the description", "rpc.discover", "{}", .result),
        Attempt("the callers", "getCallers", "{}", .error(-32601)),
        Attempt("a reload", "reload", "{}", .error(-32601)),
        Attempt("the log", "setLogLevel", #"{"level":"trace"}"#, .error(-32601)),
        Attempt("another method", "getUsers", "{}", .error(-32601)),
        Attempt("the method in capitals", "GETATTRS", #"{"To_Account":["canary-1"]}"#, .error(-32601)),
        Attempt("the method with a zero", "getAttrs\\u0000", #"{"To_Account":["canary-1"]}"#, .error(-32601)),
        Attempt("cancelling as a request", "$/cancelRequest", #"{"id":1}"#, .error(-32601)),
    ]

    private func run(
        sandbox change: (inout SandboxConfiguration) -> Void = { _ in }, flags: [ConfigurationKey: String] = [:],
        _ body: (DaemonUnderTest, LineClient, LineClient) async throws -> Void
    ) async throws {
        let users = try KnownUsers(json: Self.users)
        try await DaemonUnderTest.run(
            sandbox: {
                $0.users = users
                change(&$0)
            }, flags: flags, yaml: Self.yaml
        ) { test in
            let boss = try await test.connect()
            let shop = try await LineClient.connect(to: try await test.listen(as: .named("shop")))
            try await body(test, boss, shop)
        }
    }

    private func end(of line: String) throws -> End {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        if object["result"] != nil { return .result }
        let code = object.code ?? 0
        guard code == -32003 else { return .error(code) }
        #expect(object.data?["rule"] as? String == "shop")
        #expect(object.data?["retryable"] as? Bool == false)
        return .refused(path: object.data?["path"] as? String)
    }

    @Test func noAttemptLearnsMore() async throws {
        #expect(Self.attempts.count > 40)
        try await run { test, boss, shop in
            // All answers are held, and are known to have the word in them.
            let all =
                #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["canary-1","canary-2","mine-1","mine-2","litx","mine"]}}"#
            try await boss.send(all)
            #expect(try #require(await boss.next()).components(separatedBy: Self.canary).count > 6)
            for attempt in Self.attempts {
                let calls = await test.sandbox.report().calls
                try await shop.send(attempt.line)
                let answer = try #require(await shop.next(), "\(attempt.name)")
                #expect(try end(of: answer) == attempt.end, "\(attempt.name): \(answer.prefix(300))")
                #expect(!answer.contains(Self.canary), "\(attempt.name): \(answer.prefix(300))")
                if case .result = attempt.end { continue }
                #expect(await test.sandbox.report().calls == calls, "\(attempt.name) was asked of upstream")
            }
            // In a batch, and as notifications, which make no call.
            let items = Self.attempts.filter { $0.line.utf8.count < 1000 }
            let calls = await test.sandbox.report().calls
            let notifications = items.map { $0.line.replacing(#""id":1,"#, with: "") }
            try await shop.send("[" + notifications.joined(separator: ",") + "]")
            for line in notifications { try await shop.send(line) }
            try await shop.send(#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#)
            #expect(await shop.next() == #"{"jsonrpc":"2.0","id":2,"result":"pong"}"#)
            #expect(await test.sandbox.report().calls == calls)
            try await shop.send("[" + items.map(\.line).joined(separator: ",") + "]")
            let batch = try #require(await shop.next())
            #expect(!batch.contains(Self.canary))
            let answers = try #require(try JSONSerialization.jsonObject(with: Data(batch.utf8)) as? [Any])
            #expect(answers.count == items.count)
        }
    }

    @Test func onlyAllowedAttributesComeAsUpstreamWroteThem() async throws {
        try await run { _, _, shop in
            try await shop.send(try LineClient.getAttrs(["mine-1", "exact", "mine-none"]))
            let answer = try #require(await shop.next())
            #expect(answer.contains(#"{"To_Account":"mine-1","Attrs":{"nick":"one","f\u00fcr":1}}"#), "\(answer)")
            #expect(answer.contains(#"{"To_Account":"exact","Attrs":{"nick":{"deep":[1,2]}}}"#), "\(answer)")
        }
    }

    /// Accounts of all rules share a call; its failure is in upstream's words, which can name any of them.
    @Test(arguments: [false, true])
    func aSharedFailureNamesNoOther(partial: Bool) async throws {
        let body = #"{"ActionStatus":"FAIL","ErrorCode":70013,"ErrorInfo":"canary-1 of canary-2"}"#
        try await run(sandbox: { $0.faults = [Fault(.body(body))] }) { test, boss, shop in
            let params = #"{"To_Account":["mine-1","mine-2"],"partial":\#(partial)}"#
            try await boss.send(try LineClient.getAttrs(["canary-1"]))
            #expect(try #require(await boss.next()).contains("canary-1 of"))
            try await shop.send(#"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":\#(params)}"#)
            let answer = try #require(await shop.next())
            #expect(answer.contains("70013") && !answer.contains(Self.canary), "\(answer)")
            for method in ["getStatus", "getMetrics", "rpc.discover"] {
                try await shop.send(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)"}"#)
                let answer = try #require(await shop.next())
                #expect(!answer.contains(Self.canary), "\(method)")
            }
        }
    }

    @Test func upstreamsReasonsForAnAccountNameNoOther() async throws {
        let body = """
            {"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[{"To_Account":"mine-1","Attrs":{"nick":"x","canary-a":1}}],\
            "ErrorList":[{"To_Account":"mine-2","ErrorCode":70107,"ErrorInfo":"canary-1 has it"}]}
            """
        try await run(sandbox: { $0.faults = [Fault(.body(body))] }) { _, _, shop in
            for more in ["", #","partial":true"#] {
                let params = #"{"To_Account":["mine-1","mine-2"]\#(more)}"#
                try await shop.send(#"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":\#(params)}"#)
                let answer = try #require(await shop.next())
                #expect(answer.contains(#"{"To_Account":"mine-2","ErrorCode":70107}"#), "\(answer)")
                #expect(!answer.contains(Self.canary), "\(answer)")
            }
        }
    }

    @Test func anAnswerForOthersIsNotPassedOn() async throws {
        try await run(sandbox: { $0.faults = [Fault(.stranger("canary-1"))] }) { _, _, shop in
            let answer = try await shop.getAttrs(["mine-1"])
            #expect(answer.answered == ["mine-1"])
        }
    }

    /// The configuration's problems are shown to all in the status; those of rules would name accounts.
    @Test func aReloadThatFailsNamesNoAccount() async throws {
        try await run { test, _, shop in
            test.set(yaml: Self.yaml + "\n- match: uid:1\n  accounts: ['can*ary-1', canary-1, 'canary*-2']\n")
            let outcome = try await test.daemon.reload()
            #expect(!outcome.succeeded && outcome.problems.contains { $0.contains(Self.canary) })
            try await shop.send(#"{"jsonrpc":"2.0","id":1,"method":"getStatus"}"#)
            let status = try #require(await shop.next())
            #expect(status.contains("cannot be used") && !status.contains("can*ary") && !status.contains(Self.canary))
        }
    }

    @Test func aRuleCanLimitMethodsAndSize() async throws {
        try await run { test, _, _ in
            let narrow = try await LineClient.connect(to: try await test.listen(as: .named("narrow")))
            for method in ["getMetrics", "rpc.discover"] {
                let refusal = try await narrow.ask(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)"}"#)
                #expect(refusal.code == -32003 && refusal.data?["rule"] as? String == "narrow")
                #expect((refusal.error?["message"] as? String)?.contains(method) == true)
            }
            #expect(try await narrow.ask(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)["result"] as? String == "pong")
            let refusal = try await narrow.getAttrs(["mine-1", "mine-2", "mine-3"])
            #expect(refusal.code == -32602 && refusal.data?["limit"] as? Int == 2)
            #expect(refusal.data?["limitName"] as? String == "maxAccountsPerRequest")
            #expect(try await narrow.getAttrs(["mine-1", "mine-2"]).answered == ["mine-1", "mine-2"])
            let unknown = try await narrow.ask(#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#)
            #expect(unknown.code == -32601)
            #expect((unknown.error?["message"] as? String)?.contains("rpc.discover") == false)
        }
    }

    /// A rule's limit has the name of its key; the error names the rule, as that of the daemon has the same name.
    @Test func aRulesQueueHasItsKeysName() async throws {
        try await DaemonUnderTest.run(
            sandbox: { $0.faults = [DaemonUnderTest.occupying] }, flags: DaemonUnderTest.occupied,
            yaml: "rules: [{name: shop, match: [socket:shop], maxQueuedAccounts: 2}, {match: [uid:\(geteuid())]}]"
        ) { test in
            try await test.occupy(try await test.connect())
            let shop = try await LineClient.connect(to: try await test.listen(as: .named("shop")))
            try await shop.send(try LineClient.getAttrs(["a", "b"], id: 2))
            let refusal = try await shop.getAttrs(["c"])
            #expect(refusal.code == -32000 && refusal.data?["rule"] as? String == "shop")
            #expect(refusal.data?["limit"] as? Int == 2)
            #expect(refusal.data?["limitName"] as? String == "maxQueuedAccounts")
            try await test.release()
        }
    }

    /// Who matches no rule can see that, and nothing else.
    @Test func whoMatchesNoRuleSeesThat() async throws {
        try await run { test, _, _ in
            let other = try await LineClient.connect(to: try await test.listen(as: .named("other")))
            for method in ["getAttrs", "getMetrics", "rpc.discover", "reload", "getCallers", "nothing"] {
                let refusal = try await other.ask(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)"}"#)
                #expect(refusal.code == -32003, "\(method)")
                #expect(refusal.data?["rule"] == nil)
            }
            #expect(try await other.getAttrs(["canary-1"]).code == -32003)
            #expect(try await other.ask(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)["result"] as? String == "pong")
            let status = try #require(try await other.ask(#"{"jsonrpc":"2.0","id":1,"method":"getStatus"}"#).result)
            let caller = try #require(status["caller"] as? [String: Any])
            #expect(caller["access"] as? String == "none" && caller["socket"] as? String == "rpc-other")
            #expect(status["state"] as? String == "ready")
            #expect(status["upstream"] == nil && status["queue"] == nil && status["lastReload"] == nil)
            #expect(test.log.lines.contains { $0.contains("access denied") && $0.contains("rpc-other") })
        }
    }

    @Test func theStatusHasTheCallersOwnRule() async throws {
        try await run { test, boss, shop in
            _ = try await shop.getAttrs(["mine-1", "mine-2"])
            _ = try await shop.getAttrs(["canary-1"])
            let status = try #require(try await shop.ask(#"{"jsonrpc":"2.0","id":1,"method":"getStatus"}"#).result)
            let caller = try #require(status["caller"] as? [String: Any])
            #expect(caller["because"] as? String == "socket:shop" && caller["socket"] as? String == "rpc-shop")
            let rule = try #require(caller["rule"] as? [String: Any])
            #expect(rule["name"] as? String == "shop" && rule["accountPatterns"] as? Int == 4)
            #expect(rule["attributes"] as? [String] == ["nick", "für"])
            #expect(rule["requests"] as? Int == 3 && rule["accounts"] as? Int == 2 && rule["refused"] as? Int == 1)
            let own = try #require(try await boss.ask(#"{"jsonrpc":"2.0","id":1,"method":"getStatus"}"#).result)
            #expect(((own["caller"] as? [String: Any])?["rule"] as? [String: Any])?["name"] as? String == "boss")

            let admin = try await LineClient.connect(to: try await test.listen(as: .administrators))
            let callers = try #require(try await admin.ask(#"{"jsonrpc":"2.0","id":1,"method":"getCallers"}"#).result)
            let rules = try #require(callers["rules"] as? [[String: Any]])
            #expect(rules.map { $0["name"] as? String } == ["shop", "narrow", "boss"])
            #expect(rules.map { $0["connections"] as? Int } == [1, 0, 1])
            let connections = try #require(callers["connections"] as? [[String: Any]])
            #expect(Set(connections.compactMap { $0["rule"] as? String }) == ["shop", "boss"])
            #expect(Set(connections.compactMap { $0["socket"] as? String }) == ["rpc", "rpc-shop", "admin"])
            let metrics = try #require(try await admin.ask(#"{"jsonrpc":"2.0","id":1,"method":"getMetrics"}"#).result)
            let body = try #require(metrics["body"] as? String)
            #expect(body.contains(#"imattrd_rule_requests_total{rule="shop"} 3"#), "\(body)")
            #expect(body.contains(#"imattrd_rule_refusals_total{rule="shop"} 1"#))
            #expect(body.contains(#"imattrd_rule_accounts_total{rule="shop"} 2"#))
        }
    }

    /// Rules hold for connections that are open, from the next request on; a rule keeps its count with its name.
    @Test func aReloadHoldsForOpenConnections() async throws {
        try await run { test, boss, shop in
            #expect(try await shop.getAttrs(["mine-1"]).answered == ["mine-1"])
            test.set(
                yaml:
                    "rules:\n- {name: new, match: uid:4000000}\n- {name: shop, match: socket:shop, accounts: [exact]}\n"
            )
            #expect(try await test.daemon.reload().succeeded)
            let refusal = try await shop.getAttrs(["mine-1"])
            #expect(refusal.code == -32003 && refusal.data?["path"] as? String == "To_Account[0]")
            #expect(try await shop.getAttrs(["exact"]).answered == ["exact"])
            // Root is let in where no rule is for it.
            #expect(try await boss.getAttrs(["mine-1"]).answered == (geteuid() == 0 ? ["mine-1"] : nil))
            test.set(yaml: "rules: [{name: shop, match: uid:4000000}]")
            #expect(try await test.daemon.reload().succeeded)
            let none = try await shop.getAttrs(["exact"])
            #expect(none.code == -32003 && none.data?["rule"] == nil)
            test.set(yaml: nil)
            #expect(try await test.daemon.reload().succeeded)
            #expect(try await shop.getAttrs(["canary-1"]).answered == ["canary-1"])
        }
    }

    /// A caller that asks too often is given what is held.
    @Test func aSmallerAgeIsRaised() async throws {
        try await DaemonUnderTest.run(yaml: "rules: [{match: [socket:web], minMaxAgeMs: 60000, audit: requests}]") {
            test in
            let web = try await LineClient.connect(to: try await test.listen(as: .named("web")))
            for _ in 0..<3 { #expect(try await web.getAttrs(["abc"]).answered == ["abc"]) }
            #expect(await test.sandbox.report().calls == 1)
            #expect(test.log.lines.count { $0.contains("audit") && $0.contains("rule-1") } == 3)
        }
    }

    /// An `allow` list lets root in on the callers' socket, but not on one for containers, where root is one of theirs.
    @Test(.enabled(if: geteuid() == 0)) func rootOfAContainerIsNotRoot() async throws {
        try await DaemonUnderTest.run(flags: [.allow: "uid:4000000"]) { test in
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc"]).answered == ["abc"])
            let web = try await LineClient.connect(to: try await test.listen(as: .named("web")))
            #expect(try await web.getAttrs(["abc"]).code == -32003)
        }
        try await DaemonUnderTest.run(administrator: 0, yaml: "rules: [{match: uid:4000000}]") { test in
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc"]).answered == ["abc"])
            #expect(try await client.ask(#"{"jsonrpc":"2.0","id":1,"method":"getCallers"}"#).result != nil)
            let web = try await LineClient.connect(to: try await test.listen(as: .named("web")))
            #expect(try await web.getAttrs(["abc"]).code == -32003)
            #expect(try await web.ask(#"{"jsonrpc":"2.0","id":1,"method":"getCallers"}"#).code == -32003)
        }
    }
}

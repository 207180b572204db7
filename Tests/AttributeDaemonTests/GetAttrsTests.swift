import AttributeDaemon
import DaemonConfiguration
import Foundation
import Testing
import UpstreamSandbox

/// A caller's line goes in, a signed call over TLS goes out, and one line comes back.
@Suite(.timeLimit(.minutes(15))) struct GetAttrsTests {
    @Test func theVendorsExampleComesInTheOrderOfTheRequest() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            try await client.send(try LineClient.getAttrs(["Zhang Xiaohong", "Chen Xiaoming", "abc"]))
            #expect(
                await client.next() == #"{"jsonrpc":"2.0","id":1,"result":{"UserAttrs":["#
                    + #"{"To_Account":"Zhang Xiaohong","Attrs":{"sex":"Female","city":"New York"}},"#
                    + #"{"To_Account":"Chen Xiaoming","Attrs":{"sex":"M","city":"Shenzhen"}},"#
                    + #"{"To_Account":"abc","Attrs":{}}],"missing":[]}}"#)
            #expect(await test.sandbox.report().calls == 1)
        }
    }

    @Test func manyAccountsAreSplitAndRepeatedOnesFetchedOnce() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            let accounts = (0..<250).map { "user\($0)" }
            let answer = try await client.getAttrs(accounts + accounts)
            #expect(answer.answered == accounts)
            let report = await test.sandbox.report()
            #expect(report.calls == 3)
            #expect(report.accounts == 250)
            #expect(report.refusals.isEmpty)
        }
    }

    @Test func noAccountsCostNoCall() async throws {
        try await DaemonUnderTest.run { test in
            let answer = try await test.connect().getAttrs([])
            #expect(answer.answered == [])
            #expect(answer.missing == [])
            #expect(await test.sandbox.report().calls == 0)
        }
    }

    @Test func aNotificationCostsNoCallAndHasNoAnswer() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            try await client.send(#"{"jsonrpc":"2.0","method":"getAttrs","params":{"To_Account":["abc"]}}"#)
            let answer = try await client.ask(#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#)
            #expect(answer["id"] as? Int == 7)
            #expect(await test.sandbox.report().calls == 0)
        }
    }

    @Test func accountsThatUpstreamDoesNotAnswerForAreMissing() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.unknownAccounts = .missing }) { test in
            let answer = try await test.connect().getAttrs(["nobody", "abc", "no one"])
            #expect(answer.answered == ["abc"])
            #expect(answer.missing == ["nobody", "no one"])
            #expect(answer.result?["ErrorList"] == nil)
        }
    }

    @Test func upstreamsErrorListIsPassedOn() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.unknownAccounts = .errorList }) { test in
            let answer = try await test.connect().getAttrs(["nobody", "abc"])
            #expect(answer.missing == ["nobody"])
            let entries = try #require(answer.result?["ErrorList"] as? [[String: Any]])
            #expect(entries.map { $0["To_Account"] as? String } == ["nobody"])
            #expect(entries.map { $0["ErrorCode"] as? Int } == [70107])
        }
    }

    @Test func accountsThatDifferOnlyInNormalisationAreTwo() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.unknownAccounts = .madeUp }) { test in
            let composed = "caf\u{E9}"
            let decomposed = "cafe\u{301}"
            let answer = try await test.connect().getAttrs([composed, decomposed])
            #expect(answer.userAttrs?.count == 2)
            #expect(
                answer.answered.map { $0.map { Array($0.utf8) } } == [Array(composed.utf8), Array(decomposed.utf8)])
            #expect(await test.sandbox.report().accounts == 2)
        }
    }

    @Test func aValueKeepsItsTokens() async throws {
        let body = """
            {"ErrorCode" : 0, "ActionStatus":"OK","ErrorInfo":"",
             "UserAttrs": [ {"Attrs": { "n" : 1.50e+0,
               "a" : 1, "a" : 2, "s" : "x\u{2028}y \\u0041", "deep": [ [ ], {} ] } , "To_Account" : "abc"} ] }
            """
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.body(body))] }) { test in
            let client = try await test.connect()
            try await client.send(try LineClient.getAttrs(["abc"]))
            let line = try #require(await client.next())
            #expect(line.contains(#""Attrs":{"n":1.50e+0,"a":1,"a":2,"s":"x\u2028y \u0041","deep":[[],{}]}"#))
        }
    }

    @Test func callersWhoWaitShareCalls() async throws {
        let faults = [DaemonUnderTest.occupying]
        try await DaemonUnderTest.run(sandbox: { $0.faults = faults }, flags: DaemonUnderTest.occupied) { test in
            var clients: [LineClient] = []
            for _ in 0..<20 { clients.append(try await test.connect()) }
            try await test.occupy(clients[0])
            for (id, client) in clients.enumerated() {
                try await client.send(try LineClient.getAttrs(["everybody", "user\(id)"], id: id))
            }
            try await test.waitForRequests(20)
            try await test.release()
            for (id, client) in clients.enumerated() {
                #expect(try await client.nextObject().answered == ["everybody", "user\(id)"])
            }
            let report = await test.sandbox.report()
            // On a slow machine the call that occupies is silent for so long that one for the admin account leaves too.
            #expect((2...3).contains(report.calls))
            #expect(report.accounts == 21 + report.calls - 1)
        }
    }

    @Test func anAnswerThatIsHeldCostsNoCall() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc", "Chen Xiaoming"]).answered?.count == 2)
            let held = #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":[["abc"],1000,60000]}"#
            #expect(try await client.ask(held).answered == ["abc"])
            #expect(await test.sandbox.report().calls == 1)
            #expect(try await client.getAttrs(["abc"]).answered == ["abc"])
            #expect(await test.sandbox.report().calls == 2)
        }
    }

    @Test func aCallersTimeRunsOut() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.hang)] }, flags: [.upstreamTimeoutMs: "1000"]) {
            test in
            let answer = try await test.connect().getAttrs(["abc"], timeoutMs: 100)
            #expect(answer.code == -32001)
            #expect(answer.data?["retryable"] as? Bool == true)
        }
    }

    @Test func aRequestThatIsTakenBackIsAnsweredSo() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.hang)] }, flags: [.upstreamTimeoutMs: "1000"]) {
            test in
            let client = try await test.connect()
            try await client.send(#"{"jsonrpc":"2.0","id":"a\u0041","method":"getAttrs","params":[["abc"]]}"#)
            try await client.send(#"{"jsonrpc":"2.0","id":"aA","method":"getAttrs","params":[["abc"]]}"#)
            try await client.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"a\u0041"}}"#)
            let line = try #require(await client.next())
            #expect(line.hasPrefix(#"{"jsonrpc":"2.0","id":"a\u0041","error":{"code":-32800,"#))
            #expect(try await client.nextObject().code == -32002)
        }
    }

    @Test func aCallerThatHalfClosesGetsItsAnswer() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.requestDelay.least = .milliseconds(50) }) { test in
            let client = try await test.connect()
            try await client.send(raw: try LineClient.getAttrs(["abc"]))
            try await client.halfClose()
            #expect(try await client.nextObject().answered == ["abc"])
            #expect(await client.next() == nil)
        }
    }

    @Test func aCallerThatGoesAwayTakesItsWaitingRequestsWithIt() async throws {
        let flags: [ConfigurationKey: String] = [.rateLimit: "1"]
        try await DaemonUnderTest.run(sandbox: { $0.requestDelay.least = .milliseconds(20) }, flags: flags) { test in
            let client = try await test.connect()
            for id in 1...20 { try await client.send(try LineClient.getAttrs(["user\(id)"], id: id)) }
            await test.waitForCalls(1)
            try await client.close()
            try await test.waitForRequests(0)
            // One call a second left until then; without the withdrawal there would be twenty.
            #expect(await test.sandbox.report().calls < 20)
        }
    }

    @Test func theLimitHoldsAtTheServer() async throws {
        let network: (inout SandboxConfiguration) -> Void = {
            $0.rateLimit = 20
            $0.requestDelay = .init(least: .milliseconds(1), meanJitter: .milliseconds(10))
        }
        // For any delays at all, also of a machine that has much else to do.
        let flags: [ConfigurationKey: String] = [
            .rateLimit: "20", .roundTripCredit: "0", .upstreamTimeoutMs: "60000",
        ]
        try await DaemonUnderTest.run(sandbox: network, flags: flags) { test in
            let client = try await test.connect()
            for id in 0..<60 {
                let accounts = (0..<100).map { "user\(id)-\($0)" }
                try await client.send(try LineClient.getAttrs(accounts, id: id, timeoutMs: 600_000))
            }
            for _ in 0..<60 { #expect(try await client.nextObject().answered?.count == 100) }
            let report = await test.sandbox.report()
            // After silence, a call for the admin account alone.
            #expect(report.calls - 60 == report.accounts - 6000)
            #expect(report.worstSecond <= 20)
            #expect(report.refusals.isEmpty)
        }
    }
}

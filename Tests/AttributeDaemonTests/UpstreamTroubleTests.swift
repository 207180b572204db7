import AttributeDaemon
import DaemonConfiguration
import Foundation
import Testing
import UpstreamSandbox

/// What callers are told, and what upstream is spared, when upstream fails or refuses.
@Suite(.timeLimit(.minutes(15))) struct UpstreamTroubleTests {
    @Test(arguments: [90001, 70009, 60010, 91000, 60007, 12345])
    func upstreamsFailureIsTheCallersErrorWithUpstreamsCode(code: Int) async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(code))] }) { test in
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.code == code)
            #expect(answer.data?["source"] as? String == "upstream")
            #expect(answer.data?["retryable"] as? Bool == [91000, 60007].contains(code))
            #expect(answer.data?["ErrorInfo"] as? String != nil)
            #expect(answer.data?["callId"] as? String != nil)
            #expect(answer.data?["fetched"] as? Int == 0)
        }
    }

    /// By its number in the query and its time, Tencent's support finds a call.
    @Test func aFailureSaysWhichNumberItsCallHad() async throws {
        let flags: [ConfigurationKey: String] = [.logLevel: "debug"]
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(90001), account: "bad")] }, flags: flags) {
            test in
            let client = try await test.connect()
            let answer = try await client.getAttrs(["bad"])
            let random = try #require(answer.data?["random"] as? Int)
            try await test.waitForTurn()
            let failed = try #require(answer.data?["failed"] as? [[String: Any]])
            #expect(failed.map { $0["random"] as? Int } == [random])
            let lines = test.log.lines.filter { $0.contains("debug call failed") }
            #expect(lines.last?.contains("\"random\": \(random)") == true)
            #expect(lines.allSatisfy { $0.contains(#""calledAt": 20"#) })
            let partial = try await client.ask(
                #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["good","bad"],"partial":true}}"#)
            let reasons = try #require(partial.result?["failed"] as? [[String: Any]])
            #expect(reasons.count == 1 && reasons.allSatisfy { $0["random"] is Int })
            _ = try await client.getAttrs(["good"])
            try await test.waitForTurn()
            #expect(test.log.lines.contains { $0.contains("debug call answered") && $0.contains("\"random\": ") })
            #expect(!test.log.lines.contains { $0.contains("usersig") })
        }
    }

    /// The first refusal is told at once with what to do, not with the next call, which may not leave for a minute.
    @Test(arguments: [70009, 70050, 60010])
    func aRefusedCredentialIsLoggedAtOnce(code: Int) async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(code))] }) { test in
            _ = try await test.connect().getAttrs(["abc"])
            try await test.waitForTurn()
            let told = test.log.lines.filter { $0.contains("state is degraded") }
            #expect(told.count == 1)
            #expect(told.first?.contains("\(code)") == true)
            #expect(told.first?.contains("fix the secret key or the configuration, then restart imattrd") == true)
        }
    }

    @Test(arguments: [
        Fault.Kind.garbage, .truncated, .status(404), .redirect(302, location: nil), .redirect(307, location: nil),
        .oversized(bytes: 1 << 21), .body("[]"), .body(#"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}"#),
        .body(#"{"ActionStatus":"OK","ErrorCode":1,"ErrorInfo":"","UserAttrs":[]}"#),
        .body(#"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[{"To_Account":"abc"}]}"#),
        .body(
            #"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[{"To_Account":"abc","Attrs":{}},{"To_Account":"abc","Attrs":{}}]}"#
        ),
    ])
    func whatIsNoDocumentedAnswerIsUpstreamUnreachable(_ kind: Fault.Kind) async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(kind)] }) { test in
            let client = try await test.connect()
            let answer = try await client.getAttrs(["abc"])
            #expect(answer.code == -32002)
            #expect(answer.data?["source"] as? String == "daemon")
            #expect(answer.data?["retryable"] as? Bool == true)
            #expect(await test.sandbox.report().otherRequests == 0)
            // Few calls tell that upstream fails wholly, or that nothing but the account does.
            #expect(await test.sandbox.report().calls <= 12)
            await test.sandbox.configure { $0.faults = [] }
            var later = try await client.getAttrs(["abc"])
            while let code = later.code {
                #expect(code == -32002 && (later.data?["retryAfterMs"] as? Int ?? 0) > 0)
                later = try await client.getAttrs(["abc"])
            }
            #expect(later.answered == ["abc"])
        }
    }

    @Test func onlyTheAccountAtFaultFailsAndTheRestIsFetched() async throws {
        let faults = [Fault(.error(90001), account: "user120")]
        try await DaemonUnderTest.run(sandbox: { $0.faults = faults }) { test in
            let answer = try await test.connect().getAttrs((0..<250).map { "user\($0)" })
            #expect(answer.code == 90001)
            #expect(answer.data?["fetched"] as? Int == 249)
            try await test.waitForTurn()
            let failed = try #require(answer.data?["failed"] as? [[String: Any]])
            #expect(failed.map { $0["To_Account"] as? String } == ["user120"])
            #expect(failed.map { $0["ErrorCode"] as? Int } == [90001])
        }
    }

    @Test func oneCallersBadAccountFailsNobodyElse() async throws {
        let faults = [DaemonUnderTest.occupying, Fault(.error(90001), account: "user7")]
        try await DaemonUnderTest.run(sandbox: { $0.faults = faults }, flags: DaemonUnderTest.occupied) { test in
            let client = try await test.connect()
            try await test.occupy(client)
            for id in 0..<60 { try await client.send(try LineClient.getAttrs(["user\(id)"], id: id)) }
            try await test.waitForRequests(60)
            try await test.release()
            for _ in 0..<60 {
                let answer = try await client.nextObject()
                let id = try #require(answer["id"] as? Int)
                if id == 7 { #expect(answer.code == 90001) } else { #expect(answer.answered == ["user\(id)"]) }
            }
            // The one that occupied, the one they shared, and the search.
            #expect(await test.sandbox.report().calls <= 1 + 1 + 12)
        }
    }

    @Test(arguments: [Fault.Kind.status(502), .reset, .error(91000), .error(60007)])
    func whatMaySucceedLaterIsTriedAgain(_ kind: Fault.Kind) async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(kind, when: .first(2))] }) { test in
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.answered == ["abc"])
            // At most one of them is for the admin account.
            let calls = await test.sandbox.report().calls
            #expect((3...4).contains(calls))
        }
    }

    @Test func anExpiredUserSigIsReplacedOnce() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(70001), when: .first(1))] }) { test in
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.answered == ["abc"])
            #expect(await test.sandbox.report().calls == 2)
        }
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(70001))] }) { test in
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.code == 70001)
            #expect(answer.data?["attempts"] as? Int == 2)
            #expect(answer.data?["clockSkewSeconds"] as? Int != nil)
            #expect(await test.sandbox.report().calls == 2)
        }
    }

    @Test func aRefusedCredentialIsToldToEverybodyAndLeavesUpstreamAlone() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(70009))] }) { test in
            let client = try await test.connect()
            for _ in 1...5 { #expect(try await client.getAttrs(["abc"]).code == 70009) }
            let last = try await client.getAttrs(["abc"])
            #expect(last.data?["retryable"] as? Bool == false)
            #expect((last.data?["retryAfterMs"] as? Int ?? 0) > 20000)
            #expect(await test.sandbox.report().calls == 1)
        }
    }

    @Test func whileUpstreamFailsCallersAreToldAtOnceAndItIsProbed() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.reset)] }) { test in
            let client = try await test.connect()
            var answer = try await client.getAttrs(["abc"])
            #expect(answer.code == -32002)
            while answer.data?["retryAfterMs"] == nil { answer = try await client.getAttrs(["abc"]) }
            #expect(answer.code == -32002)
            #expect(try #require(answer.data?["retryAfterMs"] as? Int) <= 1000)
            let calls = await test.sandbox.report().calls
            let before = ContinuousClock.now
            for _ in 1...20 { _ = try await client.getAttrs(["abc"]) }
            // Probes after 0.1, 0.2, 0.4 and 0.8 s, then one a second.
            let seconds = Int((ContinuousClock.now - before).components.seconds)
            #expect(await test.sandbox.report().calls <= calls + 5 + seconds)
            await test.sandbox.configure { $0.faults = [] }
            // The first request after a second is the probe that finds upstream well.
            repeat { answer = try await client.getAttrs(["abc"]) } while answer.code == -32002
            #expect(answer.answered == ["abc"])
        }
    }

    @Test func upstreamThatDoesNotAnswerIsUnreachable() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.hang)] }, flags: [.upstreamTimeoutMs: "200"]) {
            test in
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.code == -32002)
        }
    }
}

import AttributeDaemon
import DaemonConfiguration
import Foundation
import Testing
import UpstreamSandbox

/// Starting without a usable configuration, reloading, and stopping.
@Suite(.timeLimit(.minutes(15))) struct LifecycleTests {
    @Test func aMisconfiguredDaemonSaysSoAndServesAfterAReload() async throws {
        try await DaemonUnderTest.run(flags: [.rateLimit: "0"]) { test in
            let client = try await test.connect()
            let refusal = try await client.getAttrs(["abc"])
            #expect(refusal.code == -32005)
            #expect(refusal.data?["retryable"] as? Bool == false)
            #expect(try await client.ask(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)["result"] as? String == "pong")
            let status = try await test.status()
            #expect(status["state"] as? String == "misconfigured")
            #expect((status["reasons"] as? [String])?.first?.contains("rateLimit") == true)

            test.set(.rateLimit, "50")
            #expect(try await test.daemon.reload().succeeded)
            #expect(try await client.getAttrs(["abc"]).answered == ["abc"])
            #expect(try await test.status()["state"] as? String == "ready")
        }
    }

    @Test func aKeyFileThatOthersCanReadIsRefused() async throws {
        try await DaemonUnderTest.run { test in
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: test.keyFile.path)
            let outcome = try await test.daemon.reload()
            #expect(outcome.problems.first?.contains("chmod 600") == true)
        }
    }

    @Test func aBadReloadChangesNothingAndIsTold() async throws {
        try await DaemonUnderTest.run { test in
            test.set(.rateLimit, "many")
            test.set(.maxAccountsPerRequest, "1")
            let outcome = try await test.daemon.reload()
            #expect(!outcome.succeeded)
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc", "def"]).answered == ["abc", "def"])
            let reload = try #require(try await test.status()["lastReload"] as? [String: Any])
            #expect(reload["succeeded"] as? Bool == false)
            #expect((reload["problems"] as? [String])?.first?.contains("many") == true)
        }
    }

    /// The path of the trust roots is as before, what is in the file is not.
    @Test func aReloadReadsTheTrustRootsAgain() async throws {
        try await DaemonUnderTest.run { test in
            let right = try Data(contentsOf: test.authorityFile)
            let stranger = try await SandboxServer.start()
            try Data(stranger.certificateAuthorityPEM.utf8).write(to: test.authorityFile)
            #expect(try await test.daemon.reload().keysForRestart == [])
            let client = try await test.connect()
            let refusal = try await client.getAttrs(["abc"])
            #expect(refusal.code == -32002)
            #expect((refusal.error?["message"] as? String)?.contains("certificate is not accepted") == true)

            try Data("no certificate".utf8).write(to: test.authorityFile)
            let outcome = try await test.daemon.reload()
            #expect(outcome.problems.first?.contains("holds no certificate in PEM form") == true)

            try right.write(to: test.authorityFile)
            #expect(try await test.daemon.reload().succeeded)
            while try await client.getAttrs(["abc"]).answered == nil { try await Task.sleep(for: .milliseconds(20)) }
            await stranger.shutDown()
        }
    }

    @Test func aReloadChangesTheTimeout() async throws {
        let slow: (inout SandboxConfiguration) -> Void = { $0.faults = [Fault(.hang)] }
        try await DaemonUnderTest.run(sandbox: slow, flags: [.upstreamTimeoutMs: "600000"]) { test in
            test.set(.upstreamTimeoutMs, "100")
            #expect(try await test.daemon.reload().keysForRestart == [])
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc"]).code == -32002)
        }
    }

    @Test func aReloadReachesOpenConnections() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc", "def"]).answered?.count == 2)
            test.set(.maxAccountsPerRequest, "1")
            test.set(.admin, "somebody else")
            let outcome = try await test.daemon.reload()
            #expect(outcome.succeeded)
            #expect(outcome.keysForRestart == ["admin"])
            let refusal = try await client.getAttrs(["abc", "def"])
            #expect(refusal.code == -32602)
            #expect(refusal.data?["limitName"] as? String == "maxAccountsPerRequest")
            #expect(refusal.data?["limit"] as? Int == 1)
            // The admin account is the old one still, or upstream would refuse the call.
            #expect(try await client.getAttrs(["abc"]).answered == ["abc"])
        }
    }

    @Test func aReloadTakesANewKey() async throws {
        try await DaemonUnderTest.run(key: "some-other-key") { test in
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc"]).code == 70009)
            #expect(try await test.status()["state"] as? String == "degraded")
            try Data(SandboxConfiguration.madeUpSecretKey.utf8).write(to: test.keyFile)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: test.keyFile.path)
            #expect(try await test.daemon.reload().succeeded)
            #expect(try await client.getAttrs(["abc"]).answered == ["abc"])
            #expect(try await test.status()["state"] as? String == "ready")
        }
    }

    @Test func stoppingAnswersWhatIsOnTheWireAndRefusesTheRest() async throws {
        // Time enough for the refusals before the answer, and for the answer before the call's time-out and the daemon's end.
        let slow: (inout SandboxConfiguration) -> Void = { $0.answerDelay.least = .seconds(8) }
        try await DaemonUnderTest.run(sandbox: slow, flags: [.rateLimit: "1", .upstreamTimeoutMs: "9900"]) { test in
            let client = try await test.connect()
            try await client.send(try LineClient.getAttrs(["abc"], id: 1))
            await test.waitForCalls(1)
            // Not before: what is read in one turn of the loop can share a call.
            try await client.send(try LineClient.getAttrs(["abc"], id: 2))
            async let stopped: Void = test.daemon.stop()
            let refusal = try await client.nextObject()
            #expect(refusal["id"] as? Int == 2)
            #expect(refusal.code == -32004)
            #expect(refusal.data?["retryable"] as? Bool == true)
            #expect(refusal.data?["retryAfterMs"] as? Int != nil)
            #expect(refusal.data?["fetched"] as? Int == 0)
            #expect(try await client.getAttrs(["abc"], id: 3).code == -32004)
            let answer = try await client.nextObject()
            #expect(answer["id"] as? Int == 1)
            #expect(answer.answered == ["abc"])
            #expect(await client.next() == nil)
            try await stopped
            await #expect(throws: (any Error).self) { try await test.connect() }
        }
    }

    @Test func callersThatNoRuleAllowsAreRefused() async throws {
        // Root may always ask, so this shows something only for other users; the rules have value tests of their own.
        try await DaemonUnderTest.run(flags: [.allow: "uid:4000000"]) { test in
            let answer = try await test.connect().getAttrs(["abc"])
            if getuid() == 0 { #expect(answer.answered == ["abc"]) } else { #expect(answer.code == -32003) }
        }
    }
}

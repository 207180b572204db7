import AttributeAPI
import AttributeDaemon
import DaemonConfiguration
import Foundation
import Testing
import UpstreamSandbox

/// A daemon whose UserSigs come from a signer.
@Suite(.timeLimit(.minutes(15))) struct SignerTests {
    private static func run(
        _ change: (inout FakeSigner.Terms) -> Void = { _ in }, isThere: Bool = true,
        _ body: (DaemonUnderTest, FakeSigner) async throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "imattrd-s-\(UUID().uuidString.prefix(8))")
        let sandbox = SandboxConfiguration()
        var terms = FakeSigner.Terms(
            key: SandboxConfiguration.madeUpSecretKey, sdkAppID: sandbox.sdkAppID, admin: sandbox.administrator)
        change(&terms)
        let signer = FakeSigner(path: path.path, terms)
        if isThere { try await signer.start() }
        let result: Result<Void, any Error>
        do {
            try await DaemonUnderTest.run(flags: [.signerSocket: path.path], key: nil) { test in
                try await body(test, signer)
            }
            result = .success(())
        } catch { result = .failure(error) }
        try await signer.tearDown()
        try? FileManager.default.removeItem(at: path)
        try result.get()
    }

    private static func wait(_ test: DaemonUnderTest, for state: String) async throws {
        while try await test.daemon.state.state.rawValue != state { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func callsAreSignedBySomeoneElse() async throws {
        try await Self.run { test, signer in
            #expect(try await test.daemon.state.state == .ready)
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.result != nil)
            let userSig = try #require(try await test.status()["userSig"] as? [String: Any])
            #expect(userSig["keySource"] as? String == "signer")
            #expect(userSig["expiresAt"] as? Int ?? 0 > Int(Date().timeIntervalSince1970))
            #expect(signer.asked == 1)
        }
    }

    /// It is restarted: the daemon asks anew, and no request notices.
    @Test func anotherKeyComesWithTheSignersRestart() async throws {
        try await Self.run({ $0.key = "a wrong key" }) { test, signer in
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc"]).code == 70009)
            #expect(try await test.daemon.state.state == .degraded)
            // Without a new key, the next call would leave in half a minute.
            signer.change { $0.key = SandboxConfiguration.madeUpSecretKey }
            try await signer.stop()
            try await signer.start()
            try await Self.wait(test, for: "ready")
            #expect(try await client.getAttrs(["abc"]).result != nil)
        }
    }

    @Test func oneThatGoesAwayMattersOnlyLater() async throws {
        try await Self.run { test, signer in
            let client = try await test.connect()
            try await signer.stop()
            for number in 0..<20 { #expect(try await client.getAttrs(["a\(number)"]).result != nil) }
            #expect(try await test.daemon.state.state == .ready)
        }
    }

    @Test func withoutOneRequestsWaitAndTakeNoSlot() async throws {
        try await Self.run(isThere: false) { test, signer in
            let state = try await test.daemon.state
            #expect(state.state == .degraded)
            #expect(state.reasons.first?.contains("signer: it cannot be reached: No such file or directory") == true)
            let client = try await test.connect()
            try await client.send(try LineClient.getAttrs(["abc"], id: 1, timeoutMs: 60_000))
            try await test.waitForRequests(1)
            let limiter = try #require(try await test.status()["limiter"] as? [String: Any])
            #expect(limiter["slotsHeld"] as? Int == 0)
            #expect(await test.sandbox.report().calls == 0)
            try await signer.start()
            #expect(try await client.nextObject().result != nil)
            try await Self.wait(test, for: "ready")
        }
    }

    @Test func oneWithoutAKeyIsAMisconfiguration() async throws {
        let refusal =
            #""error":{"code":-32005,"message":"the signer has no usable key or configuration: no such file"}"#
        try await Self.run({ $0.answer = refusal }) { test, signer in
            let state = try await test.daemon.state
            #expect(state.state == .misconfigured)
            #expect(state.reasons == ["signer: the signer has no usable key or configuration: no such file"])
            let client = try await test.connect()
            #expect(try await client.getAttrs(["abc"]).code == -32005)
            signer.change { $0.answer = nil }
            try await signer.stop()
            try await signer.start()
            try await Self.wait(test, for: "ready")
            #expect(try await client.getAttrs(["abc"]).result != nil)
        }
    }

    @Test func oneOfAnotherAppIsNamedAndNotUsed() async throws {
        try await Self.run({ $0.admin = "another" }) { test, _ in
            let state = try await test.daemon.state
            #expect(state.state == .misconfigured)
            #expect(state.reasons.first?.contains(#"admin "another""#) == true)
            #expect(await test.sandbox.report().calls == 0)
        }
    }

    @Test func anotherLifetimeIsNamedOnceAndUsed() async throws {
        try await Self.run({ $0.lifetime = 1200 }) { test, _ in
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.result != nil)
            let lines = test.log.lines.filter { $0.contains("1200 s, and userSigTtlSeconds is 900 here") }
            #expect(lines.count == 1)
        }
    }

    /// Upstream takes it for expired: the signer is asked for another one, and the request is answered.
    @Test func refusedUserSigIsReplaced() async throws {
        try await Self.run { test, signer in
            await test.sandbox.setFaults([Fault(.error(70001), when: .first(1))])
            let answer = try await test.connect().getAttrs(["abc"])
            #expect(answer.result != nil)
            #expect(signer.asked == 2)
        }
    }

    @Test func keyOfItsOwnWins() async throws {
        try await DaemonUnderTest.run(flags: [:], environment: [.signerSocket: "/nowhere/s"]) { test in
            #expect(try await test.connect().getAttrs(["abc"]).result != nil)
            let userSig = try #require(try await test.status()["userSig"] as? [String: Any])
            #expect(userSig["keySource"] as? String == "secretKeyFile")
            #expect(test.log.lines.contains { $0.contains("the daemon has the key itself (secretKeyFile") })
        }
    }
}

import DaemonConfiguration
import Foundation
import NIOCore
import Testing
import UpstreamSandbox

@testable import AttributeDaemon

/// However often callers ask about the daemon as a whole, that costs it little.
@Suite(.timeLimit(.minutes(15))) struct SharedStatusTests {
    /// Builds of the texts so far: status, metrics, discovery.
    private func builds(_ daemon: Daemon) async throws -> [Int] {
        try await daemon.eventLoop.submit {
            let texts = daemon.core.value.texts
            return [texts.status.builds, texts.metrics.builds, texts.discovery.builds]
        }.get()
    }

    /// Asks many times at once. The bound grows with the time that this took, so that a slow machine passes too.
    private func flood(_ test: DaemonUnderTest, _ method: String, count: Int = 1000) async throws -> Int {
        let client = try await test.connect()
        let line = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)"}"#
        let before = try await builds(test.daemon).reduce(0, +)
        let start = ContinuousClock.now
        try await client.send(Array(repeating: line, count: count).joined(separator: "\n"))
        for _ in 0..<count { #expect(try await client.nextObject().result != nil) }
        let allowed = SharedText.burst + 1 + Int((ContinuousClock.now - start) / SharedText.interval)
        let after = try await builds(test.daemon).reduce(0, +)
        #expect(after - before <= allowed)
        return after - before
    }

    @Test(arguments: ["getStatus", "getMetrics", "rpc.discover"])
    func aFloodIsAnsweredFromAFewBuilds(method: String) async throws {
        try await DaemonUnderTest.run { test in
            let builds = try await flood(test, method)
            #expect(builds >= 1)
        }
    }

    @Test func theStatusOfALongQueueIsShared() async throws {
        try await DaemonUnderTest.run(flags: [.rateLimit: "1"]) { test in
            var clients: [LineClient] = []
            for id in 0..<10 {
                let client = try await test.connect()
                clients.append(client)
                let accounts = (0..<10000).map { "\(id)-\($0)" }
                try await client.send(try LineClient.getAttrs(accounts, id: id, timeoutMs: 600_000))
            }
            try await test.waitForRequests(10)
            _ = try await flood(test, "getStatus")
            let queue = try #require(try await test.status()["queue"] as? [String: Any])
            #expect(queue["waitingAccounts"] as? Int ?? 0 > 90_000)
            #expect((queue["waitingAccountsByUid"] as? [String: Int])?.count == 1)
            #expect(queue["oldestWaitingMs"] != nil)
        }
    }

    /// State, reasons and the last reload are never from before a transition.
    @Test func transitionsAreSeenAtOnceInAFlood() async throws {
        try await DaemonUnderTest.run(key: "some-other-key") { test in
            _ = try await flood(test, "getStatus")
            #expect(try await test.status()["state"] as? String == "ready")
            let refused = try await test.connect().getAttrs(["abc"])
            #expect(refused.code == 70009, "\(refused)")
            let degraded = try await test.status()
            #expect(degraded["state"] as? String == "degraded")
            #expect((degraded["reasons"] as? [String])?.count == 1)

            test.set(.rateLimit, "many")
            _ = try await flood(test, "getStatus")
            #expect(try await !test.daemon.reload().succeeded)
            #expect((try await test.status()["lastReload"] as? [String: Any])?["succeeded"] as? Bool == false)

            test.set(.rateLimit, "50")
            try Data(SandboxConfiguration.madeUpSecretKey.utf8).write(to: test.keyFile)
            _ = try await flood(test, "getStatus")
            #expect(try await test.daemon.reload().succeeded)
            let ready = try await test.status()
            #expect(ready["state"] as? String == "ready")
            #expect((ready["lastReload"] as? [String: Any])?["succeeded"] as? Bool == true)
            #expect((ready["limiter"] as? [String: Any])?["rateLimit"] as? Int == 50)
        }
    }
}

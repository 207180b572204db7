import DaemonConfiguration
import NIOCore
import Testing
import UpstreamSandbox

@testable import AttributeDaemon

/// No upstream call is made for an answer that its client does not take.
@Suite(.timeLimit(.minutes(15))) struct UnreadAnswersTests {
    private static let accounts = (0..<500).map { "user\($0)" }

    /// A hundred of its answers are as large as upstream allows.
    private static let users: String = {
        let value = String(repeating: "x", count: 9000)
        return "{" + accounts.map { #""\#($0)":{"text":"\#(value)"}"# }.joined(separator: ",") + "}"
    }()

    @Test func aClientThatDoesNotReadCostsNoMoreCalls() async throws {
        let users = try KnownUsers(json: Self.users)
        try await DaemonUnderTest.run(
            sandbox: {
                $0.users = users
                $0.faults = [DaemonUnderTest.occupying]
            }, flags: DaemonUnderTest.occupied
        ) { test in
            let other = try await test.connect()
            // Its request goes on, since a call that nobody waits for is given up when later ones are answered.
            let occupier = try await test.connect()
            try await occupier.send(try LineClient.getAttrs(["occupied"], id: 1, timeoutMs: 600_000))
            await test.waitForCalls(1)
            let client = try await test.connect()
            try await client.setReading(false)
            for (id, account) in Self.accounts.enumerated() {
                try await client.send(try LineClient.getAttrs([account], id: id, timeoutMs: 600_000))
            }
            try await test.waitForRequests(1 + Self.accounts.count)
            test.set(.maxInFlight, "2")
            _ = try await test.daemon.reload()
            // The occupying call, two whose answers are over 1 MiB, and the one that leaves before these are written.
            await test.waitForCalls(4)
            try await test.waitForRequests(1 + Self.accounts.count - 300)
            #expect(try await other.getAttrs(["another"]).answered == ["another"])
            let report = await test.sandbox.report()
            #expect(report.calls == 5 && report.accounts == 302)

            try await client.setReading(true)
            for _ in Self.accounts { #expect(try await client.nextObject().userAttrs?.count == 1) }
            #expect(await test.sandbox.report().accounts == 502)
        }
    }
}

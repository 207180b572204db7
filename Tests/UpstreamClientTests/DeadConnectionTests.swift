import AttributeValues
import Testing
import UpstreamClient
import UpstreamSandbox

/// Connections that died while they were idle, of which the client has no sign until it uses one.
@Suite struct DeadConnectionTests {
    private static let count = 30

    /// Runs a body with a client that has idle connections through a relay.
    private func withIdleConnections(
        _ count: Int = count, timeout: Duration = .seconds(30),
        _ body: (TestClient, Relay, SandboxServer) async throws -> Void
    ) async throws {
        var configuration = SandboxConfiguration()
        configuration.answerDelay = .init(least: .milliseconds(50), meanJitter: .zero)
        let sandbox = try await SandboxServer.start(configuration)
        let relay = try Relay.start(to: sandbox.port)
        let client = try await TestClient(of: sandbox, url: "https://localhost:\(relay.port)", timeout: timeout)
        // On a machine with much else to do, a handshake can take longer than a short time-out.
        while try await client.calls(count).contains(where: { !$0.isAnswered }) {}
        try await body(client, relay, sandbox)
        try await client.shutDown()
        relay.shutDown()
        await sandbox.shutDown()
    }

    /// One call finds it out at once; its repeat is answered on a new connection; the others are closed and not used.
    @Test func resetOfAllCostsOneRepeat() async throws {
        try await withIdleConnections { client, relay, sandbox in
            relay.resetWhatComes()
            let end = try await client.call("abc")
            #expect(end.failure?.kind == .stale)
            #expect(end.isUnknown)
            #expect(end.failure?.message.hasPrefix("an idle connection was lost: ") == true)
            let repeated = try await client.call("abc", on: .new)
            #expect(repeated.isAnswered)
            // By the client, all at once.
            let closed = await relay.ends.prefix(Self.count - 1).reduce(into: 0) { $0 += $1 == .reset ? 1 : 0 }
            #expect(closed == Self.count - 1)
            for _ in 0..<3 { #expect(try await client.call("abc").isAnswered) }
            #expect(relay.connections == Self.count + 1)
            // The lost one did not reach the server.
            #expect(await sandbox.report().calls == Self.count + 4)
            #expect(!client.events.contains(.connectionsGone))
        }
    }

    /// Before the repeat is answered, no other call tries one of them.
    @Test func othersAreNotUsedMeanwhile() async throws {
        try await withIdleConnections(5) { client, relay, _ in
            relay.resetWhatComes()
            #expect(try await client.call("abc").failure?.kind == .stale)
            for end in try await client.calls(5) { #expect(end.isAnswered) }
            #expect(relay.connections == 10)
        }
    }

    /// It was not the connection's fault: an account at which the server breaks connections must not empty the pool.
    @Test func othersAreUsedAgainIfTheRepeatFails() async throws {
        try await withIdleConnections(5) { client, relay, sandbox in
            await sandbox.setFaults([Fault(.reset)])
            #expect(try await client.call("abc").failure?.kind == .stale)
            let repeated = try await client.call("abc", on: .new)
            #expect(repeated.failure?.kind == .lost)
            await sandbox.setFaults([])
            for end in try await client.calls(4) { #expect(end.isAnswered) }
            #expect(relay.connections == 6)
        }
    }

    /// Nothing of the repeat was sent, which says nothing of the connections.
    @Test func othersAreUsedAgainIfNoConnectionIsMade() async throws {
        try await withIdleConnections(5) { client, relay, _ in
            relay.resetWhatComes(newToo: true)
            #expect(try await client.call("abc").failure?.kind == .stale)
            let repeated = try await client.call("abc", on: .new)
            #expect(repeated.wasNeverSent)
            #expect(repeated.failure?.kind == .neverSent)
            relay.passOn()
            for end in try await client.calls(4) { #expect(end.isAnswered) }
            #expect(relay.connections == 6)
        }
    }

    /// Packets are dropped: the kernel finds it out, before the call's time-out.
    @Test func droppedPacketsCostTwoSeconds() async throws {
        try await withIdleConnections { client, relay, _ in
            try relay.dropPackets()
            let before = ContinuousClock.now
            let end = try await client.call("abc")
            let wait = ContinuousClock.now - before
            #expect(end.failure?.kind == .stale)
            #expect((.seconds(1)...(.seconds(20))).contains(wait))
            #expect(try await client.call("abc", on: .new).isAnswered)
            for _ in 0..<3 { #expect(try await client.call("abc").isAnswered) }
            #expect(relay.connections == Self.count + 1)
        }
    }

    /// Something may acknowledge in a dead server's place. Only one call waits in vain.
    @Test func timeOutSetsOthersAside() async throws {
        try await withIdleConnections(5, timeout: .seconds(4)) { client, relay, sandbox in
            let before = relay.connections
            await sandbox.setFaults([Fault(.hang)])
            let end = try await client.call("abc")
            #expect(end.failure?.kind == .timedOut)
            await sandbox.setFaults([])
            #expect(try await client.call("abc", on: .new).isAnswered)
            #expect(try await client.call("abc").isAnswered)
            #expect(relay.connections == before + 1)
        }
    }

    /// A call that was lost before goes on a new one, however many are idle.
    @Test func newConnectionIsMadeOnDemand() async throws {
        try await withIdleConnections(2) { client, relay, _ in
            let end = try await client.call("abc", on: .new)
            #expect(end.isAnswered)
            #expect(relay.connections == 3)
        }
    }
}

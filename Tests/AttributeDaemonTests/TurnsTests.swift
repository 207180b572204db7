import DaemonConfiguration
import Foundation
import JSONRPCServer
import NIOCore
import Testing
import UpstreamSandbox

@testable import AttributeDaemon

/// What takes long is done in several turns of the loop, between which the sockets are looked at.
@Suite(.timeLimit(.minutes(15))) struct TurnsTests {
    private static let requests = 6
    private static let accounts = 10_000
    /// One turn ends requests for 10,000 accounts at most.
    private static let leastTurns = 4

    private func turns(_ test: DaemonUnderTest) async throws -> Int {
        let core = test.daemon.core
        return try await test.daemon.eventLoop.submit { core.value.server.turnsTaken }.get()
    }

    @Test func aStopTakesSeveralTurns() async throws {
        try await DaemonUnderTest.run(
            sandbox: { $0.faults = [DaemonUnderTest.occupying] }, flags: DaemonUnderTest.occupied
        ) { test in
            let client = try await test.connect()
            try await client.send(try LineClient.getAttrs(["occupied"], id: 0, timeoutMs: 600_000))
            await test.waitForCalls(1)
            for id in 1...Self.requests {
                let accounts = (0..<Self.accounts).map { "\(id).\($0)" }
                try await client.send(try LineClient.getAttrs(accounts, id: id, timeoutMs: 600_000))
            }
            try await test.waitForRequests(1 + Self.requests)
            let before = try await turns(test)
            try await test.daemon.stop()
            #expect(try await turns(test) - before >= Self.leastTurns)
        }
    }
}

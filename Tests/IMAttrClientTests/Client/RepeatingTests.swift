import Synchronization
import Testing

@testable import IMAttrClient

/// Over real sockets: a daemon that keeps going away.
@Suite(.timeLimit(.minutes(15)))
struct RepeatingTests {
    /// Answers pings, and ends each connection in the middle of its `lines`th answer.
    private static func forgetful(after lines: Int) -> @Sendable () -> FakeDaemon.Script {
        {
            var seen = 0
            return { line in
                seen += 1
                if seen < lines { return [FakeDaemon.answer(line, "\"pong\"")] }
                return [.send("{\"jsonrpc\":\"2.0\",\"id\":\(FakeDaemon.id(line)),\"resu"), .close]
            }
        }
    }

    @Test func aConnectionThatEndsIsNotNoticed() async throws {
        try await FakeDaemon.run(Self.forgetful(after: 2)) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                for _ in 0..<20 { try await client.ping() }
            }
        }
    }

    @Test func manyTasksAreAllAnsweredAcrossManyConnections() async throws {
        try await FakeDaemon.run(Self.forgetful(after: 37)) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<40 {
                        group.addTask { for _ in 0..<25 { try await client.ping() } }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func cancellingRacesWithAnswersAndConnectionsThatEnd() async throws {
        try await FakeDaemon.run(Self.forgetful(after: 11)) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                await withTaskGroup { group in
                    for number in 0..<400 {
                        group.addTask {
                            let call = Task { try await client.ping() }
                            if number % 2 == 0 { call.cancel() }
                            let result = await call.result
                            #expect(number % 2 == 0 || (try? result.get()) != nil)
                        }
                    }
                }
                try await client.ping()
            }
        }
    }

    @Test func shuttingDownIsNotNoticed() async throws {
        let isStopping = Atomic<Bool>(true)
        try await FakeDaemon.run({
            { line in
                if !isStopping.exchange(false, ordering: .relaxed) { return [FakeDaemon.answer(line, "\"pong\"")] }
                let error = "{\"code\":-32004,\"message\":\"bye\",\"data\":{\"retryable\":true,\"retryAfterMs\":1}}"
                return [.send("{\"jsonrpc\":\"2.0\",\"id\":\(FakeDaemon.id(line)),\"error\":\(error)}\n")]
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { try await $0.ping() }
        }
    }

    @Test func aDaemonThatNeverAnswersIsLeftAlone() async throws {
        try await FakeDaemon.run({ { _ in [] } }) { daemon in
            await IMAttrClient.withClient(socketPath: daemon.path) { client in
                await #expect(throws: IMAttrError.deadline()) { try await client.ping(timeout: .milliseconds(100)) }
                var lines = daemon.received.makeAsyncIterator()
                _ = await lines.next()
                #expect(await lines.next()?.contains("$/cancelRequest") == true)
            }
        }
    }
}

import Synchronization
import Testing

@testable import IMAttrClient

@Suite(.timeLimit(.minutes(1)))
struct AttributeBatchesTests {
    @Test func answersComeInInputOrderThoughTheDaemonReversesThem() async throws {
        try await FakeDaemon.run({
            var waiting: [String] = []
            return { line in
                waiting.append(line)
                // The last of 10 batches has 5 accounts; until then answers come three at a time.
                guard waiting.count == 3 || FakeDaemon.accounts(line).count < 10 else { return [] }
                defer { waiting = [] }
                return waiting.reversed().map(FakeDaemon.allFound)
            }
        }) { daemon in
            let accounts = (0..<95).map { Account("user\($0)") }
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var answered: [Account] = []
                for try await result in client.batches(of: accounts, batch: 10, inFlight: 3) {
                    answered += result.userAttrs.map(\.account)
                }
                #expect(answered == accounts)
            }
        }
    }

    @Test func noMoreAccountsAreReadThanFitTheWindow() async throws {
        try await FakeDaemon.run({ { line in [FakeDaemon.allFound(line)] } }) { daemon in
            let taken = Atomic<Int>(0)
            let accounts = (0..<1000).lazy.map { number in
                taken.add(1, ordering: .relaxed)
                return Account("user\(number)")
            }
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var results = client.batches(of: accounts, batch: 10, inFlight: 4).makeAsyncIterator()
                _ = try await results.next()
                #expect(taken.load(ordering: .relaxed) == 40)
                _ = try await results.next()
                #expect(taken.load(ordering: .relaxed) == 50)
            }
        }
    }

    @Test func leavingEarlyWithdrawsWhatIsUnderWay() async throws {
        try await FakeDaemon.run({
            { line in FakeDaemon.id(line) == 1 && !line.contains("cancel") ? [FakeDaemon.allFound(line)] : [] }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                for try await _ in client.batches(of: ["a", "b", "c"] as [Account], batch: 1, inFlight: 3) { break }
                var withdrawn: [Int] = []
                for await line in daemon.received where line.contains("$/cancelRequest") {
                    withdrawn.append(FakeDaemon.id(line))
                    if withdrawn.count == 2 { break }
                }
                #expect(withdrawn == [2, 3])
            }
        }
    }

    @Test func theFirstErrorEndsTheJob() async throws {
        try await FakeDaemon.run({
            { line in
                if FakeDaemon.id(line) != 2 { return [FakeDaemon.allFound(line)] }
                return [.send("{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32001,\"message\":\"late\"}}\n")]
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var results = client.batches(of: ["a", "b", "c"] as [Account], batch: 1).makeAsyncIterator()
                let first = try await results.next()
                #expect(first?.userAttrs.count == 1)
                await #expect(throws: IMAttrError.refused(ErrorObject(code: -32001, message: "late"))) {
                    _ = try await results.next()
                }
            }
        }
    }

    @Test func noAccountsAreNoRequest() async throws {
        try await FakeDaemon.run({ { _ in [.close] } }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                for try await _ in client.batches(of: [] as [Account]) { Issue.record("a result for nobody") }
            }
        }
    }
}

import Synchronization
import Testing

@testable import IMAttrClient

@Suite(.timeLimit(.minutes(15)))
struct AttributeStreamTests {
    @Test func answersComeAsTheyArrive() async throws {
        try await FakeDaemon.run({
            var waiting: [String] = []
            return { line in
                waiting.append(line)
                guard waiting.count == 3 else { return [] }
                defer { waiting = [] }
                return waiting.reversed().map(FakeDaemon.allFound)
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var answered: [Account] = []
                let accounts = (0..<6).map { Account("user\($0)") }
                for try await answer in client.stream(accounts, batch: 2, inFlight: 3) {
                    answered.append(answer.account)
                }
                #expect(answered == ["user4", "user5", "user2", "user3", "user0", "user1"])
            }
        }
    }

    @Test func missingAccountsComeWithWhatUpstreamSaid() async throws {
        let missing = "\"missing\":[\"m\",\"n\"]"
        let errors = "\"ErrorList\":[{\"To_Account\":\"n\",\"ErrorCode\":70107,\"ErrorInfo\":\"no\"},{\"ErrorCode\":1}]"
        try await FakeDaemon.run({
            { line in
                let users = "\"UserAttrs\":[{\"To_Account\":\"a\",\"Attrs\":{\"x\":1}}]"
                return [FakeDaemon.answer(line, "{\(missing),\(users),\(errors)}")]
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var answers: [AccountAnswer] = []
                for try await answer in client.stream(["a", "m", "n"] as [Account]) { answers.append(answer) }
                #expect(answers.map(\.account) == ["a", "m", "n"])
                #expect(answers.map { $0.attrs?.description } == ["{\"x\":1}", nil, nil])
                #expect(answers.map(\.error?.code) == [nil, nil, 70107])
                #expect(answers.map(\.error?.info) == [nil, nil, "no"])
            }
        }
    }

    @Test func nothingIsReadAheadOfAConsumerThatHasStopped() async throws {
        try await FakeDaemon.run({ { line in [FakeDaemon.allFound(line)] } }) { daemon in
            let taken = Atomic<Int>(0)
            let accounts = (0..<1000).lazy.map { number in
                taken.add(1, ordering: .relaxed)
                return Account("user\(number)")
            }
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var answers = client.stream(accounts, batch: 10, inFlight: 4).makeAsyncIterator()
                for _ in 0..<10 { _ = try await answers.next() }
                #expect(taken.load(ordering: .relaxed) == 40)
                _ = try await answers.next()
                #expect(taken.load(ordering: .relaxed) == 50)
            }
        }
    }

    @Test func theFirstErrorComesAfterWhatWasAnsweredAndWithdrawsTheRest() async throws {
        let error = "{\"code\":90001,\"message\":\"no\"}"
        try await FakeDaemon.run({
            { line in
                switch (FakeDaemon.id(line), line.contains("cancel")) {
                case (1, false): [FakeDaemon.allFound(line)]
                // The second fails once the third has come: else there may be nothing to withdraw.
                case (3, false): [.send("{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":\(error)}\n")]
                default: []
                }
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var answers = client.stream(["a", "b", "c"] as [Account], batch: 1).makeAsyncIterator()
                let first = try await answers.next()
                #expect(first?.account == "a")
                await #expect(throws: IMAttrError.refused(ErrorObject(code: 90001, message: "no"))) {
                    _ = try await answers.next()
                }
                let last = try await answers.next()
                #expect(last == nil)
                let withdrawn = await daemon.received.first { $0.contains("$/cancelRequest") }
                #expect(withdrawn.map(FakeDaemon.id) == 3)
            }
        }
    }

    @Test func cancellingTheTaskEndsIt() async throws {
        try await FakeDaemon.run({ { _ in [] } }) { daemon in
            await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let job = Task {
                    for try await _ in client.stream(["a", "b"] as [Account], batch: 1) {}
                }
                _ = await daemon.received.first { FakeDaemon.id($0) == 2 }
                job.cancel()
                await #expect(throws: IMAttrError.cancelled) { try await job.value }
            }
        }
    }

    @Test func theInputsErrorEndsIt() async throws {
        struct Broken: Error {}
        let accounts = AsyncThrowingStream<Account, any Error> { throw Broken() }
        let client = IMAttrClient(socketPath: "/nonexistent")
        await #expect(throws: Broken.self) { for try await _ in client.stream(accounts) {} }
    }

    @Test(arguments: [(0, 1), (1, 0)])
    func aPlanThatCannotBeFollowedIsTold(batch: Int, inFlight: Int) async {
        let client = IMAttrClient(socketPath: "/nonexistent")
        await #expect(throws: IMAttrError.self) {
            for try await _ in client.stream(["a"] as [Account], batch: batch, inFlight: inFlight) {}
        }
    }
}

import IMAttrClient
import Synchronization
import Testing

@testable import imattr

@Suite(.timeLimit(.minutes(15)))
struct GetJobTests {
    private func answered(_ name: String) -> AnsweredBlock {
        AnsweredBlock(Block(accounts: [Account(name)], end: InputPosition(), fraction: nil), GetAttrsResult())
    }

    private func names(_ blocks: [AnsweredBlock]) -> [String] { blocks.flatMap(\.answers).map(\.account.text) }

    @Test func answersWaitForTheirTurn() {
        var turns = Turns(asTheyArrive: false)
        #expect((0..<3).map { _ in turns.begin() } == [0, 1, 2])
        #expect(names(turns.end(1, answered("b"))) == [])
        #expect(turns.open == 3)
        #expect(names(turns.end(0, answered("a"))) == ["a", "b"])
        #expect(names(turns.end(2, answered("c"))) == ["c"])
        #expect(turns.open == 0)
    }

    @Test func orTheyDoNot() {
        var turns = Turns(asTheyArrive: true)
        (_, _) = (turns.begin(), turns.begin())
        #expect(names(turns.end(1, answered("b"))) == ["b"])
        #expect(turns.open == 1)
    }

    @Test func aJobGoesOnAskingAsLongAsThereIsHope() {
        let start = ContinuousClock.now
        var overloaded = ErrorObject(code: -32000, message: "full", retryable: true)
        overloaded.retryAfterMs = 250
        let patience = Patience()
        patience.noteAsking()
        #expect(patience.pause(after: .refused(overloaded), now: start) == nil, "nothing was ever answered")
        patience.noteAsking()
        patience.noteAsking()
        #expect(
            patience.pause(after: .refused(overloaded), now: start) == .milliseconds(250), "another may be answered")
        patience.noteAnswer(now: start)
        patience.noteAsking()
        #expect(patience.pause(after: .lost, now: start + .seconds(59)) == .seconds(1))
        patience.noteAsking()
        #expect(patience.pause(after: .lost, now: start + .seconds(61)) == nil)
        patience.noteAnswer(now: start + .seconds(61))
        patience.noteAsking()
        #expect(patience.pause(after: .refused(ErrorObject(code: 90001, message: "no")), now: start) == nil)
    }

    @Test func whatIsRefusedForTheMomentIsAskedAgain() async throws {
        let refusals = Atomic<Int>(0)
        try await FakeDaemon.run({
            { line in
                if FakeDaemon.id(line) != 2 { return [FakeDaemon.allFound(line)] }
                refusals.add(1, ordering: .relaxed)
                let error = "{\"code\":-32000,\"message\":\"full\",\"data\":{\"retryable\":true,\"retryAfterMs\":1}}"
                return [.send("{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":\(error)}\n")]
            }
        }) { daemon in
            let accounts = (0..<1200).map { Account("\($0)") }
            let input = AccountInput([.accounts(accounts)])
            let client = IMAttrClient(socketPath: daemon.path)
            let job = GetJob(client: client, input: input, timeout: .seconds(30), maxAge: nil, asTheyArrive: false)
            var delivered: [Account] = []
            try await job.run { delivered += $0.answers.map(\.account) }
            #expect(delivered == accounts)
            #expect(refusals.load(ordering: .relaxed) == 1)
        }
    }

    /// What a job delivers, and the lines that the daemon got, if the account `bad` is refused.
    private func run(
        _ accounts: [Account], _ whenRefused: GetJob.WhenRefused
    ) async throws -> (delivered: [AnsweredBlock], error: IMAttrError?) {
        var delivered: [AnsweredBlock] = []
        var failure: IMAttrError?
        try await FakeDaemon.run({
            { line in
                let names = FakeDaemon.accounts(line)
                guard names.contains("bad") else { return [FakeDaemon.allFound(line)] }
                let bad = "{\"To_Account\":\"bad\",\"code\":90001,\"message\":\"no\",\"retryable\":false}"
                guard line.contains("\"partial\":true") else {
                    let error = "{\"code\":90001,\"message\":\"no\",\"data\":{\"source\":\"upstream\"}}"
                    return [.send("{\"jsonrpc\":\"2.0\",\"id\":\(FakeDaemon.id(line)),\"error\":\(error)}\n")]
                }
                let entries = names.filter { $0 != "bad" }.map { "{\"To_Account\":\"\($0)\",\"Attrs\":{}}" }
                let found = entries.joined(separator: ",")
                return [FakeDaemon.answer(line, "{\"UserAttrs\":[\(found)],\"missing\":[],\"failed\":[\(bad)]}")]
            }
        }) { daemon in
            let input = AccountInput([.accounts(accounts)])
            let client = IMAttrClient(socketPath: daemon.path)
            let job = GetJob(
                client: client, input: input, timeout: .seconds(30), maxAge: nil, whenRefused: whenRefused)
            do {
                try await job.run { delivered.append($0) }
            } catch let error as IMAttrError {
                failure = error
            }
        }
        return (delivered, failure)
    }

    @Test func aRefusedAccountDoesNotEndTheJob() async throws {
        let accounts = (0..<1200).map { Account($0 == 700 ? "bad" : "\($0)") }
        let (delivered, error) = try await run(accounts, .goOn)
        #expect(error == nil)
        #expect(delivered.flatMap(\.answers).map(\.account) == accounts)
        #expect(delivered.flatMap(\.refused).map(\.account) == ["bad"])
    }

    @Test func unlessItIsToEndAtTheFirst() async throws {
        let (delivered, error) = try await run((0..<1200).map { Account($0 == 700 ? "bad" : "\($0)") }, .end)
        #expect(error?.code == 90001)
        #expect(delivered.count <= 1)
    }

    @Test func progressIsToldInOneLine() {
        #expect(Progress.text(accounts: 999, rate: 12, fraction: nil, left: nil) == "999 accounts  12/s")
        #expect(
            Progress.text(accounts: 1_234_567, rate: 10_000, fraction: 0.5, left: .seconds(3725))
                == " 50 % [============            ] 1,234,567 accounts  10,000/s  1:02:05 left")
        #expect(
            Progress.text(accounts: 100, rate: 1, fraction: 1, left: .zero)
                == "100 % [========================] 100 accounts  1/s  0:00 left")
    }

    @Test(arguments: [
        (90, "100 % [========================] 1,234,567 accounts  10,000/s  1:02:05 left"),
        (70, "100 % [==================] 1,234,567 accounts  10,000/s  1:02:05 left"),
        (60, "100 % [========] 1,234,567 accounts  10,000/s  1:02:05 left"),
        (55, "100 % 1,234,567 accounts  10,000/s  1:02:05 left"), (45, "100 % 1,234,567 accounts  1:02:05 left"),
        (20, "100 %  1:02:05 left"), (10, "100 %"), (5, "100"), (2, "1"), (1, ""), (0, ""),
    ])
    func progressFitsTheTerminal(columns: Int, text: String) {
        let drawn = Progress.text(
            accounts: 1_234_567, rate: 10_000, fraction: 1, left: .seconds(3725), columns: columns)
        #expect(drawn == text)
        #expect(drawn.count < max(columns, 1))
    }

    @Test func progressIsNotDrawnAllTheTime() {
        let start = ContinuousClock.now
        var progress = Progress(accountsBefore: 0, now: start)
        #expect(progress.update(accounts: 500, fraction: 0.25, now: start + .seconds(1))?.contains("0:03 left") == true)
        #expect(progress.update(accounts: 600, fraction: 0.3, now: start + .milliseconds(1100)) == nil)
    }
}

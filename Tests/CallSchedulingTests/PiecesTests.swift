import AttributeValues
import Testing

@testable import CallScheduling

/// What concerns very many requests at once is done in pieces, so that no turn of the loop takes long.
@Suite struct PiecesTests {
    private var bench = SchedulerBench()
    private static let requests = 20_000
    /// A turn may end so many requests for one account each.
    private static let endsInOneTurn = 2000

    /// Very many requests that wait for one account.
    private mutating func askForOneAccount() {
        for connection in 0..<Self.requests { bench.ask(7..<8, connection: UInt64(connection)) }
    }

    /// Takes turns until no request is left to be ended now.
    /// - Returns: The most requests that have ended in one turn.
    private mutating func takeTurns() -> Int {
        var most = 0
        while bench.scheduler.isEndingRequests {
            let before = bench.finished.count
            bench.turn()
            most = max(most, bench.finished.count - before)
        }
        return most
    }

    @Test mutating func anAnswerThatManyWaitForIsGivenInPieces() {
        askForOneAccount()
        let call = bench.pass()[0]
        bench.answer(call.key, call.accounts)
        #expect(bench.finished.count <= Self.endsInOneTurn)
        // Another request is served meanwhile.
        bench.ask(8..<9, uid: 2, connection: 1 << 40)
        bench.turn()
        #expect(bench.started.count == 2 && bench.finished.count < Self.requests / 2)
        #expect(takeTurns() <= Self.endsInOneTurn)
        #expect(bench.scheduler.counters.answered == Self.requests)
    }

    /// Calls that end together, as after a common time-out, are events of one turn of the loop.
    @Test mutating func callsThatEndTogetherShareTheTurn() {
        let accounts = 2000
        for connection in 0..<Self.requests {
            bench.ask(connection % accounts..<connection % accounts + 1, connection: UInt64(connection))
        }
        for call in bench.pass(.seconds(2)) { bench.answer(call.key, call.accounts) }
        #expect(bench.started.count == accounts / 100)
        #expect(bench.finished.count <= Self.endsInOneTurn)
        _ = takeTurns()
        #expect(bench.finished.count == Self.requests)
    }

    @Test mutating func aFailureThatManyWaitForIsGivenInPieces() {
        askForOneAccount()
        let call = bench.pass()[0]
        bench.fail(call.key, 90003, .account)
        #expect(bench.finished.count <= Self.endsInOneTurn)
        #expect(takeTurns() <= Self.endsInOneTurn)
        #expect(bench.scheduler.counters.failed == Self.requests)
    }

    @Test mutating func requestsWhoseTimeRunsOutTogetherEndInPieces() {
        bench.takeAllSlots()
        askForOneAccount()
        bench.now = bench.now + .seconds(30)
        bench.turn()
        #expect(bench.finished.count <= Self.endsInOneTurn)
        while bench.finished.count < Self.requests {
            let before = bench.finished.count
            bench.turn()
            guard (before + 1...before + Self.endsInOneTurn).contains(bench.finished.count) else {
                Issue.record("\(bench.finished.count - before) ended in one turn")
                return
            }
        }
        #expect(bench.scheduler.counters.expired == Self.requests)
    }

    @Test mutating func theClosingOfTheGateIsGivenInPieces() {
        let only = bench.ask(0..<1, uid: 2, connection: 1 << 40)
        let call = bench.pass()[0]
        bench.takeAllSlots()
        askForOneAccount()
        bench.fail(call.key, 70003, .credential)
        #expect(bench.code(of: only) == 70003)
        #expect(bench.finished.count <= Self.endsInOneTurn)
        #expect(takeTurns() <= Self.endsInOneTurn)
        #expect(bench.scheduler.counters.failed == Self.requests + 1)
        #expect(bench.scheduler.accounts.isEmpty)
    }

    @Test mutating func whatWaitsEndsInPiecesWhenTheDaemonStops() {
        let underWay = bench.ask(0..<1, uid: 2, connection: 1 << 40)
        let call = bench.pass()[0]
        bench.takeAllSlots()
        askForOneAccount()
        bench.stop()
        #expect(bench.finished.count <= Self.endsInOneTurn)
        #expect(takeTurns() <= Self.endsInOneTurn)
        #expect(bench.scheduler.counters.stopped == Self.requests)
        bench.answer(call.key, call.accounts)
        bench.turn()
        let isAnswered = bench.isAnswered(underWay)
        #expect(isAnswered)
    }
}

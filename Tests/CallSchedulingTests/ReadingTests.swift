import AttributeValues
import Testing

@testable import CallScheduling

/// No call is made for what only clients want that do not read their answers.
@Suite struct ReadingTests {
    private var bench = SchedulerBench()
    private let reader = CallerKey(uid: 1, connection: 1)
    private let other = CallerKey(uid: 1, connection: 2)

    private mutating func resume() {
        bench.scheduler.readingResumed(other)
        bench.pass()
    }

    @Test mutating func whatWaitsIsAskedForOnceTheClientReadsAgain() {
        bench.takeAllSlots()
        let kept = bench.ask(0..<250, connection: 2)
        let asked = bench.ask(500..<510, connection: 1)
        bench.scheduler.readingStopped(other)
        for slot in 0..<10 { bench.freeSlot(slot) }
        bench.pass(.seconds(1))
        #expect(bench.started.map(\.accounts.count) == [10])
        bench.answerAll()
        #expect(bench.isAnswered(asked))
        resume()
        bench.pass(.seconds(1))
        bench.answerAll()
        #expect(bench.isAnswered(kept))
        #expect(bench.started.count == 4)
    }

    @Test mutating func anAccountIsAskedForIfAnotherClientWantsIt() {
        bench.takeAllSlots()
        bench.ask(0..<3, connection: 2)
        bench.scheduler.readingStopped(other)
        bench.ask(1..<2, connection: 1)
        bench.freeSlot()
        bench.pass(.seconds(1))
        #expect(bench.started.map(\.accounts) == [SchedulerBench.accounts(1..<2)])
    }

    @Test mutating func aRetryWaitsToo() {
        bench.ask(0..<1, connection: 2)
        let call = bench.pass()[0]
        bench.scheduler.readingStopped(other)
        bench.fail(call.key, 60007, .tooFrequent)
        #expect(bench.pass(.seconds(5)).isEmpty)
        // Another client that asks for the same account is served.
        bench.ask(0..<1, connection: 1)
        #expect(bench.pass(.seconds(1)).count == 1)
    }

    @Test mutating func aRetryGoesOnOnceTheClientReadsAgain() {
        let key = bench.ask(0..<1, connection: 2)
        let call = bench.pass()[0]
        bench.scheduler.readingStopped(other)
        bench.fail(call.key, 60007, .tooFrequent)
        bench.pass(.seconds(5))
        resume()
        #expect(bench.started.count == 2)
        bench.answerAll()
        #expect(bench.isAnswered(key))
    }

    @Test mutating func timeRunsOutAsEver() {
        bench.takeAllSlots()
        let key = bench.ask(0..<1, connection: 2, timeout: .seconds(3))
        bench.scheduler.readingStopped(other)
        bench.pass(.seconds(3))
        guard case .deadlineExceeded = bench.finished[key] else {
            Issue.record("\(String(describing: bench.finished[key]))")
            return
        }
        // The next request of the same client, which must have read, does not wait.
        bench.freeSlot()
        bench.ask(0..<1, connection: 2)
        #expect(bench.pass().count == 1)
    }
}

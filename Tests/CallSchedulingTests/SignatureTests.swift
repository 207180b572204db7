import AttributeValues
import Testing

@testable import CallScheduling

/// While calls cannot be signed, what waits takes no slot.
@Suite struct SignatureTests {
    private var bench = SchedulerBench()

    @Test mutating func nothingLeavesUntilThereIsAUserSig() throws {
        bench.scheduler.callsAreSigned(until: .distantPast)
        let key = bench.ask(0..<150, timeout: .seconds(10))
        #expect(bench.pass(.seconds(5)).isEmpty)
        #expect(bench.scheduler.limiter.held == 0)
        // Nothing is to be done before the deadline: no alarm rings for it.
        #expect(bench.scheduler.nextEvent(now: bench.now) == bench.now + .seconds(5))
        bench.scheduler.callsAreSigned(until: bench.now + .seconds(900))
        let calls = bench.pass()
        #expect(calls.count == 2)
        for call in calls { bench.answer(call.key, call.accounts) }
        guard case .answered = try #require(bench.finished[key]) else {
            Issue.record("wrong outcome")
            return
        }
    }

    @Test mutating func nothingLeavesAfterItsEnd() {
        bench.scheduler.callsAreSigned(until: bench.now + .seconds(900))
        bench.pass(.seconds(900) - .nanoseconds(1))
        bench.ask(0..<1)
        #expect(bench.pass().count == 1)
        bench.pass(.nanoseconds(1))
        bench.ask(1..<2)
        #expect(bench.pass(.seconds(1)).isEmpty)
    }

    @Test mutating func requestsEndAtTheirDeadlineAllTheSame() throws {
        bench.scheduler.callsAreSigned(until: .distantPast)
        let key = bench.ask(0..<1, timeout: .seconds(1))
        bench.pass(.seconds(1))
        guard case .deadlineExceeded = try #require(bench.finished[key]) else {
            Issue.record("wrong outcome")
            return
        }
    }
}

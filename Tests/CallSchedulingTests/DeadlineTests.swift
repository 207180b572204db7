import AttributeValues
import Testing

@testable import CallScheduling

/// Requests that end before they are answered: by their deadline, by their caller, or because too much waits.
@Suite struct DeadlineTests {
    private var bench = SchedulerBench(queued: 1000, perUID: 600)

    @Test mutating func aRequestWhoseTimeRunsOutWhileItWaitsStartsNoCall() throws {
        bench.takeAllSlots(but: 1)
        bench.ask(0..<100)
        bench.pass()
        let key = bench.ask(0..<1, timeout: .milliseconds(1500))
        #expect(bench.pass(.milliseconds(1499)).isEmpty)
        #expect(bench.finished[key] == nil)
        bench.pass(.milliseconds(1))
        guard case .deadlineExceeded(0, nil) = try #require(bench.finished[key]) else {
            Issue.record("wrong outcome")
            return
        }
        #expect(bench.scheduler.requests.waiting == 0)
        bench.freeSlot()
        #expect(bench.pass(.seconds(10)).isEmpty)
    }

    @Test mutating func aRequestThatCannotMakeItIsRefusedAtOnce() throws {
        bench.takeAllSlots()
        let key = bench.ask(0..<1, timeout: .milliseconds(1002))
        guard case .deadlineExceeded(0, let retryAfter) = try #require(bench.finished[key]) else {
            Issue.record("wrong outcome")
            return
        }
        #expect(retryAfter == SlotTable.holdAfterAnswer)
        let longer = bench.ask(0..<1, timeout: .milliseconds(1003))
        #expect(bench.finished[longer] == nil)
    }

    @Test mutating func atTheDeadlineTheAnswerSaysHowMuchWasFetched() throws {
        let key = bench.ask(0..<150, timeout: .seconds(1))
        let calls = bench.pass()
        bench.answer(calls[0].key, calls[0].accounts)
        bench.pass(.seconds(1))
        guard case .deadlineExceeded(100, nil) = try #require(bench.finished[key]) else {
            Issue.record("wrong outcome")
            return
        }
        // The call's end comes later, and no request waits for it.
        bench.answer(calls[1].key, calls[1].accounts)
        #expect(bench.finished.count == 1 && bench.started.count == 2)
    }

    @Test mutating func whatIsWithdrawnWhileItWaitsCostsNothing() {
        bench.takeAllSlots()
        let key = bench.ask(0..<300)
        #expect(bench.scheduler.requests.waiting == 300)
        bench.withdraw(key)
        #expect(
            bench.scheduler.requests.waiting == 0 && bench.scheduler.lanes.callers.lines.openAccountsByPrincipal.isEmpty
        )
        bench.freeSlot()
        #expect(bench.pass(.seconds(60)).isEmpty)
        let next = bench.scheduler.nextEvent(now: bench.now)
        #expect(next == nil)
        bench.withdraw(key)
        #expect(bench.scheduler.counters.withdrawn == 1)
    }

    @Test mutating func askingAndWithdrawingForeverKeepsNoMemory() {
        bench.takeAllSlots(but: 1)
        bench.ask([Account("popular")], connection: 0)
        let call = bench.pass()[0]
        for index in 0..<20_000 {
            // Waiting, and joined to the call under way.
            let keys = [
                bench.ask(index..<index + 1, connection: UInt64(index % 3)),
                bench.ask([Account("popular")], connection: UInt64(index), maxAge: .seconds(60)),
            ]
            keys.forEach { bench.withdraw($0) }
        }
        #expect(bench.scheduler.deadlines.count < 4000)
        #expect(bench.scheduler.accounts.waitedFor == 0)
        #expect(bench.scheduler.calls[call.key]?.rides[0].waiters.count == 1)
    }

    @Test mutating func manyWhoWaitForOneAccountMayLeaveOneByOne() {
        bench = SchedulerBench()
        bench.takeAllSlots()
        var keys = (0..<10_000).map { bench.ask(7..<8, connection: UInt64($0)) }
        keys.shuffle()
        for key in keys { bench.withdraw(key) }
        #expect(bench.scheduler.accounts.isEmpty)
        bench.freeSlot()
        #expect(bench.pass(.seconds(1)).isEmpty)
    }

    @Test mutating func theRefusalNamesTheLimitThatIsMet() throws {
        bench.takeAllSlots()
        bench.ask(0..<600, uid: 1)
        let perUID = bench.ask(0..<1, uid: 1)
        guard case .overloaded(.perPrincipal(600), let retryAfter) = try #require(bench.finished[perUID]) else {
            Issue.record("wrong outcome")
            return
        }
        #expect(retryAfter > .zero)
        bench.ask(0..<400, uid: 2, connection: 2)
        let all = bench.ask(0..<1, uid: 2, connection: 2)
        guard case .overloaded(.all(1000), _) = try #require(bench.finished[all]) else {
            Issue.record("wrong outcome")
            return
        }
        #expect(bench.scheduler.counters.overloaded == 2)
    }

    /// Though no slot is free, and so no other event is due.
    @Test mutating func theLargestUserMakesRoomAtOnceForAnothersFirstRequest() {
        bench = SchedulerBench(queued: 1000)
        bench.takeAllSlots()
        let kept = bench.ask(0..<500, uid: 1)
        let newest = bench.ask(500..<1000, uid: 1)
        let first = bench.ask(0..<10, uid: 2, connection: 2)
        #expect(bench.scheduler.lanes.callers.lines.openAccounts == 510)
        bench.pass()
        guard case .overloaded(.all(1000), _) = bench.finished[newest] else {
            Issue.record("\(String(describing: bench.finished[newest]))")
            return
        }
        #expect(bench.finished[kept] == nil && bench.finished[first] == nil)
    }

    @Test mutating func noMoreCallsAreUnderWayThanAllowed() {
        bench = SchedulerBench(rate: 1000, inFlight: 3)
        bench.ask(0..<1000)
        let calls = bench.pass(.seconds(1))
        #expect(calls.count == 3)
        bench.answer(calls[0].key, calls[0].accounts)
        #expect(bench.started.count == 4)
    }

    @Test mutating func thePacerSpreadsWhatExceedsItsBurst() {
        bench = SchedulerBench()
        bench.ask(0..<3000)
        #expect(bench.pass().count == 10)
        #expect(bench.pass(.milliseconds(100)).count == 10)
        #expect(bench.pass(.milliseconds(9)).isEmpty)
        #expect(bench.pass(.milliseconds(1)).count == 1)
    }
}

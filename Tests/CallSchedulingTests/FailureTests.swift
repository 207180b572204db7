import AttributeValues
import Testing

@testable import CallScheduling

/// What becomes of the accounts of a failed call.
@Suite struct FailureTests {
    private var bench = SchedulerBench()

    @Test mutating func aFailedCallIsTriedAgainUntilItIsAnswered() {
        let key = bench.ask(0..<100)
        bench.fail(bench.pass()[0].key, 60007, .tooFrequent)
        #expect(bench.finished.isEmpty)
        let again = bench.pass(.milliseconds(101))
        #expect(again.map(\.accounts) == [SchedulerBench.accounts(0..<100)])
        bench.answer(again[0].key, again[0].accounts)
        #expect(bench.isAnswered(key))
        #expect(bench.scheduler.counters.retries == 1)
    }

    /// Its answer may just be slow; but a call that no request waits for would hold a slot for all of its time-out.
    @Test(arguments: [true, false]) mutating func aSilentCallForOneAccountIsGivenUpIfItIsNotWanted(isWanted: Bool) {
        let key = bench.ask(0..<1)
        let silent = bench.pass()[0]
        bench.ask(5..<6, uid: 2, connection: 2)
        let later = bench.pass(.milliseconds(20))[0]
        bench.answer(later.key, later.accounts)
        if !isWanted { bench.withdraw(key) }
        bench.pass(.milliseconds(900))
        #expect(bench.abandoned.isEmpty)
        bench.pass(.milliseconds(200))
        #expect(bench.abandoned == (isWanted ? [] : [silent.key]))
    }

    /// Has another user's call answered, so that upstream does not count as failing for all.
    private mutating func answerAnotherUser() throws {
        let account = Account("other \(bench.started.count)")
        bench.answerReferees()
        bench.ask([account], connection: 2)
        bench.pass(.milliseconds(20))
        let call = try #require(bench.started.last { $0.accounts.contains(account) })
        bench.answer(call.key, call.accounts)
    }

    @Test mutating func afterTheLastAttemptTheFailureIsTold() throws {
        let key = bench.ask(0..<1, timeout: .seconds(600))
        for attempt in 1...CallScheduler.failuresUntilBlamed {
            #expect(bench.finished[key] == nil)
            bench.pass(Backoff.cap)
            let call = try #require(bench.started.last { $0.accounts.contains("user0") })
            bench.fail(call.key, 91000, .temporary)
            try answerAnotherUser()
            #expect(bench.started.count { $0.accounts.contains("user0") } == attempt)
        }
        let failure = bench.failure(of: key)?.first
        #expect(failure?.code == 91000 && failure?.attempts == CallScheduler.failuresUntilBlamed)
    }

    @Test mutating func whenTimeRunsOutAfterAFailureTheErrorIsThatFailures() {
        let key = bench.ask(0..<1, timeout: .seconds(2))
        bench.fail(bench.pass()[0].key, 91000, .temporary)
        bench.answerReferees()
        _ = bench.pass(.milliseconds(500))
        #expect(bench.started.count == 2)
        bench.pass(.seconds(2))
        let failure = bench.failure(of: key)?.first
        #expect(failure?.code == 91000 && failure?.attempts == 1)
    }

    @Test mutating func anExpiredUserSigIsReplacedOnce() throws {
        let key = bench.ask(0..<5)
        bench.fail(bench.pass()[0].key, 70001, .signatureExpired)
        #expect(bench.started.map(\.accounts.count) == [5, 5])
        #expect(bench.finished.isEmpty)
        bench.pass(.milliseconds(50))
        bench.fail(bench.started[1].key, 70001, .signatureExpired)
        let failure = try #require(bench.failure(of: key)?.first)
        #expect(failure.code == 70001 && failure.attempts == 2)
        #expect(failure.message.contains("clock"))
        #expect(bench.scheduler.counters.renewals == 1)
        let later = bench.ask(9..<10)
        #expect(bench.failure(of: later)?.first.code == 70001)
    }

    @Test mutating func aCallThatLeftWithTheOldUserSigSaysNothingOfTheNewOne() {
        let first = bench.ask(0..<1)
        bench.pass()
        bench.pass(.milliseconds(1))
        let second = bench.ask(0..<1)
        bench.pass()
        bench.pass(.milliseconds(1))
        bench.fail(bench.started[0].key, 70001, .signatureExpired)
        bench.fail(bench.started[1].key, 70001, .signatureExpired)
        #expect(bench.finished.isEmpty)
        for call in bench.started.dropFirst(2) { bench.answer(call.key, call.accounts) }
        #expect(bench.isAnswered(first) && bench.isAnswered(second))
    }

    @Test mutating func tooManyAccountsHalveTheCalls() {
        let key = bench.ask(0..<100)
        bench.fail(bench.pass()[0].key, 90018, .tooManyAccounts)
        bench.pass()
        #expect(bench.started.map(\.accounts.count) == [100, 50, 50])
        for call in bench.started.dropFirst() { bench.answer(call.key, call.accounts) }
        #expect(bench.isAnswered(key))
        let alone = bench.ask(0..<1)
        bench.fail(bench.pass()[0].key, 90018, .tooManyAccounts)
        #expect(bench.failure(of: alone)?.first.code == 90018)
    }

    @Test mutating func frequencyCodesHalveTheRateAndTheCallIsTriedAgain() {
        let key = bench.ask(0..<1)
        bench.fail(bench.pass()[0].key, 60007, .tooFrequent)
        #expect(bench.scheduler.limiter.limit(at: bench.now) == 50)
        bench.pass(.seconds(1))
        #expect(bench.scheduler.limiter.limit == 51)
        if let call = bench.started.last { bench.answer(call.key, call.accounts) }
        #expect(bench.isAnswered(key))
        #expect(bench.scheduler.counters.slowDowns == 1)
    }

    @Test mutating func aCallThatNeverLeftGivesItsSlotBackAtOnce() {
        bench.ask(0..<1)
        let call = bench.pass()[0]
        let failure = CallFailure(.neverSent, message: "refused")
        _ = bench.scheduler.callEnded(
            call.key, CallEnd(counted: .neverSent, result: .failure(failure)), now: bench.now)
        #expect(bench.scheduler.limiter.held == 0 && bench.scheduler.counters.neverSent == 1)
    }

    /// Fails everything, the referees too, until the gate is closed.
    private mutating func failUntilClosed() {
        var next = 0
        for _ in 0..<50 where bench.scheduler.closedBecause == nil {
            while next < bench.started.count {
                bench.fail(bench.started[next].key, 91000, .temporary)
                next += 1
            }
            while let referee = bench.referees.popLast() { bench.fail(referee, 91000, .temporary) }
            bench.pass(.milliseconds(20))
        }
    }

    @Test mutating func whenUpstreamFailsWhollyAllAreAnsweredAtOnce() {
        let waiting = bench.ask(0..<500)
        bench.pass()
        failUntilClosed()
        // Just after a start, some have left before the first failure.
        #expect(bench.scheduler.counters.calls <= 25)
        let failure = bench.failure(of: waiting)?.first
        #expect(failure?.code == 91000)
        #expect(failure?.retryAfter.map { $0 > .zero && $0 <= .seconds(1) } == true)
        let late = bench.ask(0..<1, connection: 3)
        #expect(bench.failure(of: late)?.first.attempts == 0)
        #expect(bench.scheduler.requests.waiting == 0)
    }

    @Test mutating func aProbeThatIsAnsweredLetsAllIn() {
        bench.ask(0..<500)
        bench.pass()
        failUntilClosed()
        bench.pass(.seconds(1))
        let first = bench.started.count
        let probe = bench.ask(0..<150)
        bench.pass(.milliseconds(20))
        #expect(bench.started.count == first + 1 && bench.started[first].accounts.count == 1)
        bench.answer(bench.started[first].key, bench.started[first].accounts)
        #expect(bench.started.count == first + 3)
        for call in bench.started[(first + 1)...] { bench.answer(call.key, call.accounts) }
        #expect(bench.isAnswered(probe))
        #expect(bench.scheduler.closedBecause == nil)
    }

    @Test mutating func anAccountsFaultShowsThatUpstreamIsThere() {
        bench.ask(0..<500)
        bench.pass()
        failUntilClosed()
        bench.pass(.seconds(1))
        let probe = bench.ask(0..<1)
        bench.fail(bench.pass(.milliseconds(20))[0].key, 70107, .account)
        #expect(bench.failure(of: probe)?.first.code == 70107)
        #expect(bench.scheduler.closedBecause == nil)
    }
}

import AttributeValues
import Testing

@testable import CallScheduling

/// How a scheduler comes to rest.
@Suite struct StoppingTests {
    private var bench = SchedulerBench()

    private func isShuttingDown(_ key: RequestKey) -> Bool {
        if case .shuttingDown = bench.finished[key] { true } else { false }
    }

    @Test mutating func whatIsUnderWayIsAnsweredAndWhatWaitsIsRefused() {
        let underWay = bench.ask(0..<1)
        let call = bench.pass()[0]
        bench.takeAllSlots()
        let waiting = bench.ask(1..<2)
        bench.stop()
        #expect(isShuttingDown(waiting))
        let late = bench.ask(2..<3)
        #expect(isShuttingDown(late))
        bench.answer(call.key, call.accounts)
        #expect(bench.isAnswered(underWay))
    }

    @Test mutating func itIsDoneOnlyWhenTheServerCanSeeNoCallAnyMore() {
        bench.ask(0..<1)
        let call = bench.pass()[0]
        bench.stop()
        #expect(!bench.scheduler.isDrained)
        bench.answer(call.key, call.accounts)
        bench.pass(.milliseconds(1001))
        #expect(!bench.scheduler.isDrained)
        bench.pass(.milliseconds(1))
        #expect(bench.scheduler.isDrained)
    }

    @Test mutating func whatTakesTooLongIsGivenUp() {
        let key = bench.ask(0..<1)
        let call = bench.pass()[0]
        bench.stop()
        let due = bench.scheduler.nextEvent(now: bench.now)
        #expect(due == bench.now + .seconds(10))
        bench.pass(.seconds(10))
        #expect(isShuttingDown(key) && bench.abandoned == [call.key])
        // Nothing is left to do but to wait for the call's end.
        let next = bench.scheduler.nextEvent(now: bench.now)
        #expect(next == nil)
    }

    @Test mutating func aCallThatNoRequestWaitsForIsGivenUpAtOnce() {
        let key = bench.ask(0..<1)
        let call = bench.pass()[0]
        bench.withdraw(key)
        bench.stop()
        #expect(bench.abandoned == [call.key])
    }

    @Test(arguments: [
        (91000, CallFailure.Kind.temporary), (60007, .tooFrequent), (70001, .signatureExpired),
        (90018, .tooManyAccounts),
        (70107, .account),
    ])
    mutating func whatWouldBeTriedAgainEndsAsStopped(code: Int, reaction: CallFailure.Kind) {
        let key = bench.ask(0..<10)
        let call = bench.pass()[0]
        bench.stop()
        bench.fail(call.key, code, reaction)
        #expect(isShuttingDown(key))
        #expect(bench.started.count == 1)
        #expect(bench.scheduler.retries.isEmpty && bench.scheduler.requests.waiting == 0)
    }
}

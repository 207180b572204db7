import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

private let start = Moment(nanoseconds: 1_000_000_000_000)

@Suite struct LaneCountsTests {
    private static func counts(beside: Int, suspects: Int) -> LaneCounts {
        var counts = LaneCounts()
        for _ in 0..<beside { counts.take(.besideOffender) }
        for _ in 0..<suspects { counts.take(.suspect) }
        counts.take(.clean)
        return counts
    }

    /// The worst lane of which one more may leave, of 64 in all.
    private static func worst(beside: Int, suspects: Int, others: Int, leavesSome: Bool = true) -> Lane {
        counts(beside: beside, suspects: suspects)
            .worstThatMayTake(of: 64, taken: beside + suspects + others, leavesSome: leavesSome)
    }

    @Test func suspectsTakeAQuarter() {
        #expect(Self.worst(beside: 0, suspects: 15, others: 0) == .suspect)
        #expect(Self.worst(beside: 0, suspects: 16, others: 0) == .besideOffender)
        #expect(Self.worst(beside: 20, suspects: 16, others: 0) == .besideOffender)
    }

    @Test func separateCallsTakeHalfHoweverMuchOthersUse() {
        #expect(Self.worst(beside: 31, suspects: 0, others: 40) == .suspect)
        #expect(Self.worst(beside: 32, suspects: 0, others: 32) == .clean)
        #expect(Self.worst(beside: 16, suspects: 16, others: 40) == .clean)
    }

    @Test func separateCallsTakeWhatOthersLeave() {
        #expect(Self.worst(beside: 53, suspects: 0, others: 10) == .suspect)
        #expect(Self.worst(beside: 54, suspects: 0, others: 10) == .clean)
    }

    @Test func anEighthIsLeftFreeOnlyIfItIsAskedFor() {
        #expect(Self.worst(beside: 55, suspects: 0, others: 0) == .suspect)
        #expect(Self.worst(beside: 56, suspects: 0, others: 0) == .clean)
        #expect(Self.worst(beside: 63, suspects: 0, others: 0, leavesSome: false) == .suspect)
        #expect(Self.worst(beside: 64, suspects: 0, others: 0, leavesSome: false) == .clean)
    }

    @Test func eachLaneMayTakeOneOfFew() {
        #expect(LaneCounts().worstThatMayTake(of: 1, taken: 0, leavesSome: true) == .suspect)
        let one = Self.counts(beside: 0, suspects: 1)
        #expect(one.worstThatMayTake(of: 1, taken: 1, leavesSome: true) == .clean)
        #expect(one.worstThatMayTake(of: 3, taken: 1, leavesSome: true) == .besideOffender)
    }

    @Test func whatIsGivenBackMayBeTakenAgain() {
        var counts = Self.counts(beside: 0, suspects: 16)
        counts.giveBack(.suspect)
        counts.giveBack(.clean)
        #expect(counts.worstThatMayTake(of: 64, taken: 15, leavesSome: true) == .suspect)
        #expect(counts.all == 15)
    }
}

@Suite struct CallLimiterTests {
    @Test func aSlotComesBackASecondAfterTheAnswerAndNotBefore() {
        var limiter = CallLimiter(rate: 1)
        let slot = limiter.start(in: .clean, now: start)
        let answered = start + .milliseconds(300)
        limiter.ended(slot, .answered(at: answered), now: answered)
        let free = answered + SlotTable.holdAfterAnswer
        #expect(!limiter.mayStart(at: free) && limiter.nextReturn == free)
        #expect(limiter.advance(to: free - .nanoseconds(1)) == false)
        #expect(limiter.advance(to: free) == true)
        #expect(limiter.mayStart(at: free + .seconds(1)))
    }

    @Test func aCallThatWasClosedHoldsItsSlotForTwoSeconds() {
        var limiter = CallLimiter(rate: 1)
        limiter.ended(limiter.start(in: .clean, now: start), .unknown(closedAt: start), now: start)
        #expect(limiter.advance(to: start + .milliseconds(1999)) == false)
        #expect(limiter.advance(to: start + .seconds(2)) == true)
    }

    @Test func aCallThatNeverLeftGivesItsSlotBackAtOnce() {
        var limiter = CallLimiter(rate: 1)
        limiter.ended(limiter.start(in: .clean, now: start), .neverSent, now: start)
        #expect(limiter.held == 0)
    }

    @Test func aLowerRateIsAppliedWithTheNextEvent() {
        var limiter = CallLimiter(rate: 100)
        let isHalved = limiter.refused(callStartedAt: start, now: start)
        #expect(isHalved)
        #expect(limiter.limit == 100 && limiter.limit(at: start) == 50)
        _ = limiter.advance(to: start)
        #expect(limiter.limit == 50)
        // What is configured as before does not end it.
        limiter.change(rate: 100, credit: 0)
        #expect(limiter.limit(at: start) == 50)
        limiter.change(rate: 80, credit: 0)
        #expect(limiter.limit(at: start) == 80)
    }

    @Test func theNextStartIsWhenASlotComesBack() {
        var limiter = CallLimiter(rate: 1)
        #expect(limiter.nextStart(notBefore: start, now: start) == start)
        let slot = limiter.start(in: .clean, now: start)
        #expect(limiter.nextStart(notBefore: start, now: start) == nil)
        limiter.ended(slot, .answered(at: start), now: start)
        #expect(limiter.nextStart(notBefore: start, now: start) == start + SlotTable.holdAfterAnswer)
    }
}

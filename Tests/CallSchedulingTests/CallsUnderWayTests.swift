import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

private let start = Moment(nanoseconds: 1_000_000_000_000)

@Suite struct CallsUnderWayTests {
    private var rides = Rides()
    private var calls = CallsUnderWay()

    private mutating func call(_ accounts: Range<Int>, at moment: Moment, _ lane: Lane = .clean) -> CallKey {
        calls.start(CallScheduler.Load(rides: rides.make(accounts), lane: lane), slot: 0, now: moment)
    }

    /// A call is silent, and one that left later is answered.
    private mutating func overtake(_ accounts: Range<Int>) -> CallKey {
        let silent = call(accounts, at: start)
        let later = call(50..<51, at: start + .milliseconds(10))
        #expect(calls.end(later)?.leftAt == start + .milliseconds(10))
        calls.answered(leftAt: start + .milliseconds(10), now: start + .milliseconds(30))
        #expect(calls.giveUpDue == start + .seconds(1))
        return silent
    }

    @Test mutating func aCallForSeveralAccountsThatWasOvertakenIsGivenUp() {
        let silent = overtake(0..<2)
        #expect(calls.giveUpOverdue(at: start + .milliseconds(999), isWanted: { _ in true }) == nil)
        #expect(calls.giveUpOverdue(at: start + .seconds(1), isWanted: { _ in true }) == silent)
        #expect(calls[silent]?.givenUp == .overtaken)
        #expect(calls.giveUpOverdue(at: start + .seconds(9), isWanted: { _ in true }) == nil)
    }

    @Test mutating func aCallForOneAccountIsGivenUpOnlyIfItIsNotWantedAnyMore() {
        let wanted = overtake(0..<1)
        #expect(calls.giveUpOverdue(at: start + .seconds(1), isWanted: { _ in true }) == nil)
        #expect(calls[wanted]?.givenUp == nil)
        calls = CallsUnderWay()
        let unwanted = overtake(0..<1)
        #expect(calls.giveUpOverdue(at: start + .seconds(1), isWanted: { _ in false }) == unwanted)
    }

    @Test mutating func unwantedCallsAreGivenUpOnceInTheirOrder() {
        let keys = [call(0..<1, at: start), call(1..<2, at: start), call(2..<3, at: start)]
        let isWanted = { (ride: Ride) in ride.account == "1" }
        #expect(calls.giveUpUnwanted(isWanted: isWanted) == [keys[0], keys[2]])
        #expect(calls.giveUpUnwanted(isWanted: isWanted).isEmpty)
    }

    @Test mutating func whoLeavesIsRememberedForTheCall() {
        let key = call(0..<1, at: start)
        let (first, second) = (Rides.request(0), Rides.request(1))
        calls.join(key, at: 0, second, index: 3)
        let caller = CallerKey(uid: 1, connection: 1)
        calls.leave(key, at: 0, second, of: caller)
        #expect(calls[key]?.rides[0].waiters.contains(second) == false)
        #expect(calls[key]?.rides[0].waiters.contains(first) == true)
        #expect(calls[key]?.leavers == [caller])
        // One that does not wait for it leaves no trace.
        calls.leave(key, at: 0, second, of: CallerKey(uid: 2, connection: 2))
        #expect(calls[key]?.leavers == [caller])
    }

    @Test mutating func aLaneGetsItsPartBackWhenItsCallEnds() {
        let key = call(0..<1, at: start, .suspect)
        #expect(calls.worstAdmitted(of: 4) == .besideOffender)
        #expect(calls.end(key) != nil && calls.end(key) == nil)
        #expect(calls.worstAdmitted(of: 4) == .suspect && calls.isEmpty)
    }
}

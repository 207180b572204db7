import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

private let start = Moment(nanoseconds: 1_000_000_000_000)

@Suite struct RetriesTests {
    private var retries = Retries(seed: 1)
    private var rides = Rides()
    private let failure = CallFailure(.status, message: "HTTP 500")

    private mutating func note(_ id: AccountID, notBefore: Moment = start, isOwn: Bool = false, now: Moment = start) {
        retries.note(failure, of: id, notBefore: notBefore, isOwn: isOwn, now: now)
    }

    @Test mutating func failuresAreCountedFromTheFirstOn() {
        let id = rides.make(0..<1)[0].id
        #expect(retries.failures(of: id) == 0 && retries.firstFailure(of: id) == nil)
        note(id)
        note(id, now: start + .seconds(1))
        #expect(retries.failures(of: id) == 2 && retries.firstFailure(of: id) == start)
        retries.forget(id)
        #expect(retries.failures(of: id) == 0 && retries.isEmpty)
    }

    @Test mutating func aFailureIsTheAccountsOwnIfItWasAloneOrNoAccountCausesIt() {
        let ids = rides.make(0..<2).map(\.id)
        note(ids[0])
        #expect(retries.ownFailure(of: ids[0]) == nil)
        note(ids[0], isOwn: true)
        #expect(retries.ownFailure(of: ids[0])?.attempts == 2)
        retries.note(
            CallFailure(.neverSent, message: "refused"), of: ids[1], notBefore: start, isOwn: false, now: start)
        #expect(retries.ownFailure(of: ids[1])?.kind == .neverSent)
    }

    @Test mutating func anAccountThatHasFailedAgainWaitsForItsLaterRetry() {
        let ids = rides.make(0..<2).map(\.id)
        for id in ids { note(id, notBefore: start + .seconds(1)) }
        retries.wait(ids, until: start + .seconds(1), isAlone: false)
        note(ids[0], notBefore: start + .seconds(2))
        retries.wait([ids[0]], until: start + .seconds(2), isAlone: true)
        #expect(retries.nextDue == start + .seconds(1))
        #expect(retries.takeDue(at: start + .milliseconds(999)) == nil)
        #expect(retries.takeDue(at: start + .seconds(1))?.accounts == [ids[1]])
        let last = retries.takeDue(at: start + .seconds(2))
        #expect(last?.accounts == [ids[0]] && last?.isAlone == true)
        #expect(retries.nextDue == nil)
    }

    @Test mutating func whatIsKnownOfAnAccountGoesToItsNewName() {
        let ids = rides.make(0..<2).map(\.id)
        retries.note(failure, of: ids[0], notBefore: start, isOwn: false, .leftOut, now: start)
        retries.note(failure, of: ids[0], notBefore: start, isOwn: false, .renewal, now: start + .seconds(1))
        retries.rename(ids[0], to: ids[1])
        #expect(retries.failures(of: ids[0]) == 0 && retries.failures(of: ids[1]) == 2)
        #expect(retries.wasLeftOut(ids[1]))
        #expect(retries.wasRenewed(ids[1], by: start + .seconds(1)) && !retries.wasRenewed(ids[1], by: start))
    }

    @Test mutating func callsAreMadeAgainInTheirOrder() {
        for number in 0..<2 { retries.makeAgain(CallScheduler.Load(rides: rides.make(number..<number + 1))) }
        #expect(retries.takeRepeat()?.rides.map(\.account) == ["0"])
        #expect(retries.hasRepeats && retries.takeRepeat()?.rides.map(\.account) == ["1"])
        #expect(retries.takeRepeat() == nil)
    }
}

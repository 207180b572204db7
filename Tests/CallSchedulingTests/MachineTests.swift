import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

// The parts of which the scheduler is made, each alone as a value.

private let start = Moment(nanoseconds: 1_000_000_000_000)

/// Accounts with a name in a table, each with a request of its own that waits for it.
private struct Rides {
    var accounts = AccountTable()

    mutating func make(_ numbers: Range<Int>) -> [Ride] {
        numbers.map { number in
            let account = Account("\(number)")
            return Ride(
                account: account, id: accounts.id(of: account), waiters: Waiters(Self.request(number), index: 0))
        }
    }

    static func request(_ number: Int) -> RequestKey { RequestKey(number: UInt64(number + 1), place: number) }
}

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

@Suite struct OffenderSearchesTests {
    private var rides = Rides()
    private var searches = OffenderSearches()
    private let failure = CallFailure(.account, code: 90003, message: "x")

    private mutating func begin(_ numbers: Range<Int>) -> OffenderSearches.NewTest? {
        let suspects = rides.make(numbers).map { OffenderSearch.Suspect(ride: $0, caller: nil) }
        searches.begin(suspects, failure, hasLostSuspects: false)
        return searches.takeNewTests().first
    }

    @Test mutating func testsAreGivenOutOnce() throws {
        let test = try #require(begin(0..<4))
        #expect(test.suspects.map(\.ride.account) == ["0", "1"])
        #expect(searches.takeNewTests().isEmpty && searches.contains(test.key))
    }

    @Test mutating func aSearchIsForgottenWithItsLastTest() throws {
        let first = try #require(begin(0..<2))
        let left = searches.leave(first.key, isWanted: { _ in true }, dropped: { _ in })
        #expect(left?.rides.map(\.account) == ["0"])
        #expect(searches.succeeded(first.key) == nil)
        // The other one by elimination: it is tested alone before it is blamed.
        let second = try #require(searches.takeNewTests().first)
        let rides = try #require(searches.leave(second.key, isWanted: { _ in true }, dropped: { _ in })?.rides)
        let found = searches.failed(second.key, rides, failure)
        #expect(found?.alone.account == "1" && found?.calls == 2)
        #expect(searches.isEmpty && !searches.contains(second.key))
    }

    @Test mutating func theEndOfASearchGivesBackWhatIsInNoCall() throws {
        let first = try #require(begin(0..<4))
        _ = begin(4..<6)
        _ = searches.leave(first.key, isWanted: { _ in true }, dropped: { _ in })
        #expect(searches.end(first.key).map(\.account) == ["2", "3"])
        #expect(searches.failed(first.key, [], failure) == nil)
        #expect(searches.endAll().map(\.account) == ["4", "5"] && searches.isEmpty)
    }
}

@Suite struct RequestEndsTests {
    private var ends = RequestEnds()
    private var requests = RequestTable()

    private mutating func ask() -> RequestKey {
        let key = requests.makeKey()
        requests.insert(
            WaitingRequest(
                accounts: ["a"], caller: CallerKey(uid: 1, connection: 1), line: 0, deadline: .distantFuture,
                since: start), for: key)
        return key
    }

    @Test mutating func aSweepMeetsEachRequestThatWasOpenOnce() {
        let keys = [ask(), ask(), ask()]
        ends.begin(.stopping, last: requests.lastNumber)
        _ = ask()
        requests.remove(keys[1])
        var met: [RequestKey] = []
        var turns = 0
        while ends.sweep != nil, turns < 9 {
            turns += 1
            var work = 1
            if let key = ends.takeSwept(in: requests, &work) { met.append(key) }
        }
        #expect(met == [keys[0], keys[2]] && turns == 4 && ends.isEmpty)
    }

    @Test mutating func aVerdictIsGivenInPieces() {
        ends.pieceSize = 2
        var waiters = Waiters(Rides.request(0), index: 0)
        for number in 1..<5 { waiters.add(Rides.request(number), index: number) }
        ends.settle(waiters, .failed(CallFailure(.status, message: "x")))
        var pieces: [[Int]] = []
        while let (piece, _) = ends.takeVerdict() { pieces.append(piece.map(\.1)) }
        #expect(pieces == [[0, 1], [2, 3], [4]] && ends.isEmpty)
    }
}

@Suite struct CallerLinesTests {
    private var lines = CallerLines()
    private let caller = CallerKey(uid: 1, connection: 1)

    private mutating func open(_ number: Int, of caller: CallerKey) -> Int {
        let line = lines.line(of: caller)
        #expect(lines.open(1, in: line) == nil)
        lines.append(Rides.request(number), to: line)
        return line
    }

    @Test mutating func requestsOfAConnectionAreServedInTheirOrder() {
        let line = open(0, of: caller)
        #expect(open(1, of: caller) == line && lines.openAccounts == 2)
        #expect(lines.head(of: line) == Rides.request(0))
        lines.dropHead(of: line)
        #expect(lines.head(of: line) == Rides.request(1))
        lines.dropHead(of: line)
        #expect(lines.head(of: line) == nil)
    }

    @Test mutating func aLineStartsItsTurnsOnce() {
        let line = open(0, of: caller)
        #expect(lines.startTurns(line) && !lines.startTurns(line) && lines.active == 1)
        lines.endTurns(line)
        #expect(lines.active == 0 && lines.startTurns(line))
    }

    @Test mutating func aPausedLineTakesNoTurnsUntilItsRequestsHaveEnded() {
        let line = open(0, of: caller)
        lines.pause(caller)
        #expect(lines.head(of: line) == nil && lines.first(of: line) == Rides.request(0))
        #expect(!lines.startTurns(line) && lines.hasPaused)
        lines.close(1, in: line) { _ in false }
        #expect(!lines.isPaused(line) && !lines.hasPaused)
        // A connection without an open request is not paused.
        lines.pause(caller)
        #expect(!lines.hasPaused)
    }

    @Test mutating func ridesAreCountedByConnection() {
        let other = CallerKey(uid: 1, connection: 2)
        lines.countRide(of: open(0, of: caller))
        _ = open(1, of: other)
        #expect(lines.rides(of: caller) == 1 && lines.rides(of: other) == 0)
        #expect(lines.rides(of: CallerKey(uid: 1, connection: 3)) == 0)
    }

    @Test mutating func theUserWithMostGivesUpItsNewestOpenRequest() {
        lines = CallerLines(all: 100, perPrincipal: 100)
        let line = lines.line(of: caller)
        for number in 0..<100 { _ = open(number, of: caller) }
        lines.close(1, in: line) { _ in true }
        #expect(lines.open(2, in: lines.line(of: CallerKey(uid: 2, connection: 2))) == nil)
        #expect(lines.isOverdrawn)
        let displaced = lines.takeDisplaced { $0 != Rides.request(99) }
        #expect(displaced == Rides.request(98))
        lines.close(1, in: line) { _ in true }
        #expect(!lines.isOverdrawn && lines.takeDisplaced { _ in true } == nil)
    }

    @Test mutating func whatManyOnceNeededIsReturned() {
        for number in 0..<5000 {
            let caller = CallerKey(uid: 1, connection: UInt64(number))
            lines.close(1, in: open(number, of: caller)) { _ in false }
        }
        #expect(lines.remembered <= 1100)
        lines.shrink()
        let line = open(1, of: caller)
        #expect(lines.head(of: line) == Rides.request(1))
    }
}

/// The order in which calls leave.
@Suite struct LanesTests {
    private static let offender = Principal(uid: 2)
    private var lanes = Lanes()

    private mutating func ask(_ number: Int, _ caller: CallerKey, _ lane: Lane) {
        let line = lanes.callers.lines.line(of: caller)
        #expect(lanes.callers.lines.open(1, in: line) == nil)
        lanes.callers.append(Rides.request(number), in: line, of: caller, lane: lane)
    }

    private static func test(_ number: Int) -> TestKey { TestKey(search: 1, number: number) }

    /// One user without an offence, and one with callers of both kinds and a test.
    private mutating func fill() {
        ask(0, CallerKey(uid: 1, connection: 1), .clean)
        lanes.separate(Self.offender, charging: 0)
        ask(1, CallerKey(uid: 2, connection: 2), .besideOffender)
        ask(2, CallerKey(uid: 2, connection: 3), .suspect)
        lanes.addTest(Self.test(1), lane: .besideOffender, principal: Self.offender)
        lanes.addTest(Self.test(8), lane: .clean, principal: Self.offender)
        lanes.addTest(Self.test(9), lane: .clean, principal: nil)
    }

    private mutating func turns(_ count: Int, upTo worst: Lane) -> [Lanes.Turn?] {
        (0..<count).map { _ in
            let turn = lanes.next(upTo: worst)
            if let turn { lanes.took(turn) }
            return turn
        }
    }

    @Test mutating func testsOfTheInnocentTakeTurnsWithAllOthersAndUsersTakeTurns() {
        fill()
        #expect(
            turns(8, upTo: .suspect) == [
                .test(Self.test(8), .clean, principal: nil), .clean, .test(Self.test(9), .clean, principal: nil),
                .test(Self.test(1), .besideOffender, principal: Self.offender), .clean,
                .besideOffender(principal: Self.offender), .clean, .suspects(principal: Self.offender),
            ])
    }

    @Test mutating func aLaneThatHasTakenItsPartHasNoTurn() {
        fill()
        let clean = turns(6, upTo: .clean)
        #expect(clean.allSatisfy { $0?.payer == nil && $0 != nil })
        let beside = turns(12, upTo: .besideOffender)
        #expect(beside.contains(.besideOffender(principal: Self.offender)))
        #expect(!beside.contains(.suspects(principal: Self.offender)))
    }

    @Test mutating func anAccountFoundAtFaultLeavesBeforeOtherSuspects() {
        fill()
        var accounts = AccountTable()
        lanes.addAlone(accounts.id(of: "bad"), principal: Self.offender)
        #expect(turns(8, upTo: .suspect).last == .alone(principal: Self.offender))
    }

    /// A user that has cost calls, or has held slots for long, waits until the others have had as many turns.
    @Test mutating func anOffenderPaysForWhatItHasCost() {
        ask(0, CallerKey(uid: 1, connection: 1), .clean)
        lanes.separate(Self.offender, charging: 3)
        ask(1, CallerKey(uid: 2, connection: 2), .besideOffender)
        #expect(turns(5, upTo: .suspect).last == .besideOffender(principal: Self.offender))
        lanes.charge(Self.offender, forSlotHeld: SlotTable.holdAfterAnswer + SlotTable.holdAfterAnswer)
        let next = turns(3, upTo: .suspect)
        #expect(next == [.clean, .clean, .besideOffender(principal: Self.offender)])
    }
}

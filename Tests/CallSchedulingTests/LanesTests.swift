import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

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

    /// Users with calls of their own take their part of their rule's, and pay in proportion.
    @Test mutating func callsAreInProportionToWeights() {
        let shares = RuleShares([RuleShare(name: "a", weight: 6), RuleShare(name: "b", weight: 2)])
        lanes.callers.lines.change(shares, accountsPerCall: 100, now: Moment(nanoseconds: 1))
        let offenders = (1...2).map { Principal(rule: shares.indexes[1], uid: UInt32($0)) }
        ask(0, CallerKey(principal: Principal(rule: shares.indexes[0], uid: 1), connection: 1), .clean)
        for (number, offender) in zip(1..., offenders) {
            lanes.separate(offender, charging: 0)
            ask(number, CallerKey(principal: offender, connection: UInt64(10 + number)), .besideOffender)
        }
        let payers = turns(80, upTo: .suspect).map { $0?.payer }
        #expect(abs(payers.count { $0 == nil } - 60) <= 1)
        for offender in offenders { #expect(abs(payers.count { $0 == offender } - 10) <= 1) }
        lanes.charge(offenders[0], forSlotHeld: SlotTable.holdAfterAnswer + SlotTable.holdAfterAnswer)
        #expect(turns(8, upTo: .suspect).count { $0?.payer == offenders[0] } == 0)
    }
}

import AttributeValues
import Testing

@testable import CallScheduling

/// Which calls the server may still count.
@Suite struct SlotTableTests {
    private var slots = SlotTable(limit: 3)
    private let start = Moment(nanoseconds: 50_000_000_000)

    private mutating func taken() -> [SlotTable.Change] {
        var taken: [SlotTable.Change] = []
        slots.takeChanges { taken = $0 }
        return taken
    }

    @Test mutating func aSlotComesBackASecondAfterTheAnswerLessTheCredit() {
        let slot = slots.take()
        slots.answered(slot, at: start, credit: .milliseconds(30))
        #expect(slots.nextReturn == start + .milliseconds(972))
        slots.advance(to: start + .milliseconds(971))
        #expect(slots.held == 1)
        slots.advance(to: start + .milliseconds(972))
        #expect(slots.held == 0)
    }

    @Test mutating func changesTellWhatBecameOfWhichSlot() {
        let (first, second) = (slots.take(), slots.take())
        #expect(first != second)
        slots.closed(first, at: start)
        slots.neverSent(second)
        slots.advance(to: start + .seconds(2))
        let expected: [(Int, SlotTable.State)] = [
            (first, .underWay), (second, .underWay), (first, .held(until: start + .seconds(2))), (second, .free),
            (first, .free),
        ]
        let changes = taken()
        #expect(changes.map(\.slot) == expected.map(\.0))
        #expect(changes.map(\.state) == expected.map(\.1))
        #expect(taken().isEmpty)
        // Numbers are used again, so that there are never more than slots.
        for _ in 0..<3 { #expect(slots.take() < 3) }
    }

    /// A fifth of a second of sleep is counted as a whole one, as by a clock that knows seconds only: by that clock, the first slot
    /// would come back 0.8 s too early.
    @Test mutating func aSleepOfUnknownLengthGivesNoSlotBackTooEarly() {
        let (first, second) = (slots.take(), slots.take())
        slots.answered(first, at: start)
        let awake = start + .milliseconds(10)
        slots.advance(to: awake)
        slots.slept(until: awake + .seconds(1))
        slots.advance(to: awake + .seconds(1))
        #expect(slots.held == 2)
        // A call that lasted over the sleep is held from its end on.
        slots.answered(second, at: awake + .seconds(1))
        #expect(slots.nextReturn == awake + .seconds(1) + SlotTable.holdAfterAnswer)
        slots.advance(to: awake + .milliseconds(2999))
        #expect(slots.held == 1)
        slots.advance(to: awake + .seconds(3))
        #expect(slots.held == 0)
        // What is written down for a successor has followed.
        #expect(taken().contains(.init(slot: first, state: .held(until: awake + .seconds(3)))))
    }

    @Test mutating func aSuccessorGoesOnWhereTheOldProcessStopped() {
        slots.restore([.free, .underWay, .held(until: start + .milliseconds(500)), .held(until: start)], now: start)
        #expect(slots.held == 2 && slots.nextReturn == start + .milliseconds(500))
        slots.advance(to: start + .milliseconds(500))
        #expect(slots.nextReturn == start + .seconds(2))
        #expect(taken().count == 3)
    }

    @Test mutating func aMomentThatNoProcessOfOursCanHaveWrittenMakesAllCountAsUsed() {
        slots.restore([.free, .held(until: start + .nanoseconds(2_000_000_001)), .free], now: start)
        #expect(!slots.hasFree && slots.nextReturn == start + .seconds(2))
    }

    @Test mutating func moreThanTheLimitAreHeldIfTheyWereUsed() {
        slots.restore(Array(repeating: .underWay, count: 7), now: start)
        #expect(slots.held == 7 && !slots.hasFree)
        slots.advance(to: start + .seconds(2))
        #expect(slots.held == 0)
    }

    @Test mutating func aLowerLimitHoldsAtOnce() {
        let taken = (0..<3).map { _ in slots.take() }
        slots.limit = 1
        slots.answered(taken[0], at: start)
        slots.advance(to: start + .seconds(2))
        #expect(slots.held == 2 && !slots.hasFree)
    }

    @Test mutating func theEarliestStartIsNeverTooLate() {
        #expect(slots.earliestStart(of: 3, now: start) == start)
        #expect(slots.earliestStart(of: 4, now: start) == start + .milliseconds(1002))
        let taken = (0..<3).map { _ in slots.take() }
        #expect(slots.earliestStart(of: 1, now: start) == start + .milliseconds(1002))
        slots.answered(taken[0], at: start - .milliseconds(600))
        #expect(slots.earliestStart(of: 1, now: start) == start + .milliseconds(402))
        #expect(slots.earliestStart(of: 4, now: start) == start + .milliseconds(1404))
    }
}

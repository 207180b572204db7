import Accounting
import Testing

@Suite struct PotTests {
    private let a = Principal(uid: 1)
    private let b = Principal(uid: 2)

    @Test func onePrincipalGetsHalfAndOneHolderHalfOfThat() {
        var pot = Pot(capacity: 1200, floor: 0)
        let first = pot.makePlace(for: a, name: 1)
        let second = pot.makePlace(for: a, name: 2)
        expect(most(first, &pot), is: 300)
        // Of the 300 that the first leaves, the second may have a third.
        expect(most(second, &pot), is: 100)
    }

    @Test func eachPrincipalLeavesSomeForTheNext() {
        var pot = Pot(capacity: 1200, floor: 0)
        var got: [Int] = []
        for uid in 1...5 {
            for name in 1...200 {
                let place = pot.makePlace(for: Principal(uid: UInt32(uid)), name: UInt64(name))
                while pot.charge(1, to: place) {}
            }
            got.append(pot.held - got.reduce(0, +))
        }
        // Nearly 1/2, then 1/3, 1/4 … of what is left.
        #expect(zip(got, [600, 200, 100, 60, 40]).allSatisfy { $0 <= $1 && $0 > $1 * 8 / 10 }, "\(got)")
    }

    @Test func theFloorIsNeverRefused() {
        var pot = Pot(capacity: 1000, floor: 10)
        let greedy = pot.makePlace(for: a, name: 1)
        pot.force(1000, on: greedy)
        let late = pot.makePlace(for: b, name: 2)
        expect(pot.charge(10, to: late), is: true)
        expect(pot.charge(1, to: late), is: false)
        #expect(pot.isOverdrawn)
        #expect(pot.largest?.principal == greedy.principal)
        #expect(pot.largest?.heldByPrincipal == 1000)
        #expect(pot.largest?.holder == 1)
        pot.giveUp(greedy)
        #expect(!pot.isOverdrawn)
        #expect(pot.held == 10)
    }

    @Test func aChargeWithinTheFloorIsTakenIfThereIsThatMuch() {
        var pot = Pot(capacity: 15, floor: 10)
        let first = pot.makePlace(for: a, name: 1)
        let second = pot.makePlace(for: a, name: 2)
        let other = pot.makePlace(for: b, name: 3)
        expect(pot.chargeWithinFloor(6, to: first), is: true)
        expect(pot.chargeWithinFloor(5, to: second), is: false)  // Its principal would be beyond the floor.
        expect(pot.chargeWithinFloor(4, to: second), is: true)
        expect(pot.chargeWithinFloor(6, to: other), is: false)  // There is not so much.
        expect(pot.chargeWithinFloor(5, to: other), is: true)
        #expect(pot.held == 15 && pot.held(by: second) == 4 && !pot.isOverdrawn)
    }

    @Test func theOneWhoseFloorOverdrewThePotGivesNothingBack() {
        var pot = Pot(capacity: 1000, floor: 600)
        let places = (1...3).map { pot.makePlace(for: Principal(uid: UInt32($0)), name: UInt64($0)) }
        for (place, amount) in zip(places, [400, 500, 600]) { expect(pot.charge(amount, to: place), is: true) }
        #expect(pot.isOverdrawn)
        #expect(pot.largest?.holder == 2)
        pot.giveUp(places[1])
        #expect(!pot.isOverdrawn)
        #expect(pot.largest?.holder == 3)
    }

    @Test func whatWasForcedOverdrawsNothing() {
        var pot = Pot(capacity: 1000, floor: 10)
        let place = pot.makePlace(for: a, name: 1)
        pot.force(2000, on: place)
        #expect(!pot.isOverdrawn, "no floor was given that the pot did not have")
    }

    @Test func withoutDivisionOneHolderMayHaveAllOfItsPrincipal() {
        var pot = Pot(capacity: 1200, floor: 0, dividesAmongHolders: false)
        let first = pot.makePlace(for: a, name: 1)
        expect(most(first, &pot), is: 600)
        let second = pot.makePlace(for: a, name: 2)
        expect(most(second, &pot), is: 0)
    }

    @Test func whatIsReleasedCanBeHeldByOthers() {
        var pot = Pot(capacity: 1000, floor: 0)
        let (one, two) = (pot.makePlace(for: a, name: 1), pot.makePlace(for: b, name: 2))
        expect(pot.charge(250, to: one), is: true)
        expect(pot.charge(130, to: two), is: false)
        pot.release(250, from: one)
        expect(pot.charge(130, to: two), is: true)
        #expect(pot.held(by: one) == 0)
        #expect(pot.held(by: two) == 130)
        #expect(pot.principals == 1)
    }

    @Test func aPlaceServesAgainForAnotherPrincipal() {
        var pot = Pot(capacity: 1000, floor: 0)
        let old = pot.makePlace(for: a, name: 1)
        pot.force(10, on: old)
        pot.giveUp(old)
        let new = pot.makePlace(for: b, name: 2)
        #expect(pot.held == 0)
        #expect(pot.held(by: new) == 0)
        pot.force(5, on: new)
        #expect(pot.largest?.holder == 2)
        #expect(pot.largest?.held == 5)
    }

    @Test func thoseThatHoldLittleAreNotFound() {
        var pot = Pot(capacity: 10, floor: 10, least: 8)
        let place = pot.makePlace(for: a, name: 1)
        pot.force(7, on: place)
        #expect(pot.largest == nil)
        pot.force(1, on: place)
        #expect(pot.largest?.held == 8)
        pot.release(1, from: place)
        #expect(pot.largest == nil)
    }

    @Test func twoHundredGreedyPrincipalsLeaveTheNextItsFloor() {
        var pot = Pot(capacity: 128 << 20, floor: 1 << 20, least: 4096)
        for uid in 0..<200 {
            for number in 0..<20 {
                let place = pot.makePlace(for: Principal(uid: UInt32(uid)), name: UInt64(uid * 100 + number))
                while pot.charge(65536, to: place) {}
            }
        }
        let late = pot.makePlace(for: Principal(uid: 1000), name: 1)
        for _ in 0..<16 { expect(pot.charge(65536, to: late), is: true) }
        #expect(pot.isOverdrawn)
        #expect((pot.largest?.heldByPrincipal ?? 0) > 1 << 20)
    }

    /// As much as a place may hold, one by one.
    private func most(_ place: Pot.Place, _ pot: inout Pot) -> Int {
        while pot.charge(1, to: place) {}
        return pot.held(by: place)
    }
}

/// `#expect` cannot call what changes a value, so this compares what such a call has given.
func expect<Value: Equatable>(
    _ value: Value, is expected: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(value == expected, sourceLocation: sourceLocation)
}

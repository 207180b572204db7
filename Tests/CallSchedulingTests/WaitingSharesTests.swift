import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

/// How many accounts may wait for whom.
@Suite struct WaitingSharesTests {
    private static let capacity = 300_000
    private var shares = WaitingShares(all: capacity, perPrincipal: 150_000)

    private mutating func place(uid: UInt32, connection: UInt64) -> Pot.Place {
        shares.makePlace(for: Principal(uid: uid), name: connection)
    }

    /// Charges requests of one account until one is refused.
    private mutating func fill(_ place: Pot.Place) {
        while shares.charge(1, to: place) == nil {}
    }

    @Test mutating func aLoneConnectionLeavesRoomForOthersOfItsUserAndForOtherUsers() {
        let lone = place(uid: 1, connection: 1)
        fill(lone)
        #expect(shares.held == Self.capacity / 4)
        let second = place(uid: 1, connection: 2)
        #expect(shares.charge(10_000, to: second) == nil)
        let other = place(uid: 2, connection: 3)
        #expect(shares.charge(10_000, to: other) == nil)
        #expect(shares.overdrawing == nil)
    }

    @Test mutating func theFirstRequestOfAUserIsTakenBesideManyGreedyOnes() {
        for uid in UInt32(1)...200 {
            for connection in UInt64(1)...3 { fill(place(uid: uid, connection: UInt64(uid) * 10 + connection)) }
        }
        #expect(shares.held >= Self.capacity)
        // It does not find room, so that the user with most gives way; of what that one loses, more than this one takes is left.
        let late = place(uid: 201, connection: 1)
        #expect(shares.charge(1, to: late) == nil)
        #expect(shares.overdrawing.map { $0 / 10 } == 1)
        // All others hold less than the largest request has.
        let later = place(uid: 202, connection: 2)
        #expect(shares.charge(200_000, to: later) != nil)
    }

    @Test mutating func aSmallQueueMayBeFilledByOneUser() {
        shares = WaitingShares(all: 4, perPrincipal: 4)
        let only = place(uid: 1, connection: 1)
        #expect([shares.charge(1, to: only), shares.charge(3, to: only)] == [nil, nil])
        let other = place(uid: 1, connection: 2)
        #expect(shares.charge(1, to: other) == .perPrincipal(4))
    }

    @Test mutating func theFirstRequestOfAConnectionIsTakenBesideManyGreedyOnesOfItsUser() {
        for connection in UInt64(1)...200 { fill(place(uid: 1, connection: connection)) }
        let late = place(uid: 1, connection: 201)
        #expect(shares.charge(100, to: late) == nil)
        #expect(shares.charge(500, to: late) == .all(Self.capacity))
    }

    /// Whatever is asked, only first requests exceed the bound, and no longer once they have displaced others.
    @Test mutating func theBoundHoldsOnceOthersHaveGivenWay() {
        var generator = SeededGenerator(seed: 7)
        var requests: [UInt64: [Int]] = [:]
        var places: [UInt64: Pot.Place] = [:]
        for number in UInt64(0)..<4000 {
            let connection = number % 400
            let known = places[connection] ?? place(uid: UInt32(connection / 4), connection: connection)
            places[connection] = known
            let count = Int.random(in: 1...10_000, using: &generator)
            if shares.charge(count, to: known) == nil { requests[connection, default: []].append(count) }
            while let largest = shares.overdrawing, let newest = requests[largest]?.popLast(),
                let place = places[largest]
            {
                shares.release(newest, from: place)
            }
            #expect(shares.held <= Self.capacity)
        }
    }
}

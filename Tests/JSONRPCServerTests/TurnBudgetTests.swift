import NIOCore
import Testing

@testable import JSONRPCServer

@Suite struct TurnBudgetTests {
    private var clock = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private var looks = 0

    /// Takes lines as long as that is allowed.
    private mutating func take(_ lines: Int, bytes: Int = 50, each: TimeAmount, in budget: inout TurnBudget) -> Int {
        var share = TurnBudget.Share()
        var taken = 0
        func now() -> NIODeadline {
            looks += 1
            return clock
        }
        while taken < lines {
            taken += 1
            clock = clock + each
            if !budget.mayGoOn(&share, after: bytes, now: now) { break }
        }
        budget.end(share, now: now)
        return taken
    }

    @Test mutating func aConnectionWithOneLineDoesNotNeedTheClock() {
        var budget = TurnBudget()
        budget.begin()
        var connections = 0
        while !budget.isSpent, connections < 10_000 {
            #expect(take(1, each: .microseconds(5), in: &budget) == 1)
            connections += 1
        }
        #expect(looks == 0)
        #expect((500...1000).contains(connections), "\(connections)")
        budget.begin()
        #expect(!budget.isSpent)
    }

    @Test mutating func aConnectionHasAHundredLines() {
        var budget = TurnBudget()
        #expect(take(1000, each: .microseconds(3), in: &budget) == TurnBudget.maxSteps)
        #expect(!budget.isSpent)
        #expect(looks <= 15)
    }

    @Test mutating func timeIsBoundedForAllConnections() {
        var budget = TurnBudget()
        #expect((6...24).contains(take(1000, each: .microseconds(300), in: &budget)))
        #expect(budget.isSpent)
    }

    /// It may take longer than all time that there is, and the clock is not read for a single line.
    @Test(arguments: [16_384, 95_000, 4 << 20]) mutating func aLongLineIsTheLastOfItsTurn(bytes: Int) {
        var budget = TurnBudget()
        #expect(take(1, each: .zero, in: &budget) == 1 && !budget.isSpent)
        #expect(take(2, bytes: bytes, each: .milliseconds(20), in: &budget) == 1)
        #expect(budget.isSpent)
        budget.begin()
        #expect(!budget.isSpent)
    }

    @Test mutating func aLongLineAfterOthersIsTheLastToo() {
        var budget = TurnBudget()
        var share = TurnBudget.Share()
        let now = { NIODeadline.uptimeNanoseconds(0) }
        let goesOn = (0..<3).map { _ in budget.mayGoOn(&share, after: 50, now: now) }
        let goesOnAfterLong = budget.mayGoOn(&share, after: 20_000, now: now)
        #expect(goesOn == [true, true, true] && !goesOnAfterLong && budget.isSpent)
    }
}

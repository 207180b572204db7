import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

/// Whose turn it is among rules.
@Suite struct RuleTableTests {
    private static let start = Moment(nanoseconds: 1_000_000_000)
    private var table = RuleTable()
    private var places: [Int] = []

    private mutating func fill(_ shares: [RuleShare]) {
        let shares = RuleShares(shares)
        table.change(shares, accountsPerCall: 100, now: Self.start)
        for index in shares.indexes { places.append(table.addLine(of: index)) }
    }

    private mutating func fill(weights: [Int]) {
        fill(zip(0..., weights).map { RuleShare(name: "\($0)", weight: $1) })
    }

    /// How many turns each rule gets of so many.
    private mutating func turns(_ count: Int) -> [Int] {
        var counts = places.map { _ in 0 }
        for _ in 0..<count {
            guard let place = table.next(), let rule = places.firstIndex(of: place) else { break }
            counts[rule] += 1
            table.tookTurn(now: Self.start)
        }
        return counts
    }

    @Test(arguments: [[1, 1], [20, 1], [3, 2, 1], [20, 19, 7, 1, 1]])
    mutating func turnsAreInProportionToWeights(weights: [Int]) {
        fill(weights: weights)
        for place in places { table.addUser(of: place, isClean: true) }
        let rounds = 50
        let counts = turns(rounds * weights.reduce(0, +))
        for (count, weight) in zip(counts, weights) { #expect(abs(count - rounds * weight) <= 1) }
        #expect(table.violations.isEmpty)
    }

    @Test mutating func theIdlePartGoesToTheOthers() {
        fill(weights: [20, 2, 1])
        table.addUser(of: places[1], isClean: true)
        table.addUser(of: places[2], isClean: true)
        #expect(turns(300) == [0, 200, 100])
        table.removeUser(of: places[1], isClean: true)
        #expect(turns(300) == [0, 0, 300])
        // It does not catch up on the time in which it did not ask, and the other does not pay for it.
        table.addUser(of: places[0], isClean: true)
        let counts = turns(2100)
        #expect(abs(counts[0] - 2000) <= 1 && abs(counts[2] - 100) <= 1)
    }

    /// In the clean lane, a rule has the part of those of its users that are left there.
    @Test mutating func usersThatLeaveTheCleanLaneTakeTheirPartWithThem() {
        fill(weights: [3, 1])
        for _ in 0..<3 { table.addUser(of: places[0], isClean: true) }
        table.addUser(of: places[1], isClean: true)
        table.removeCleanUser(of: places[0])
        #expect(table.cleanWeight == 3 && table.weight(ofUserIn: RuleIndex(number: 1)) == 1)
        let counts = turns(300)
        #expect(abs(counts[0] - 200) <= 1)
        table.addCleanUser(of: places[0])
        #expect(table.cleanWeight == 4 && table.violations.isEmpty)
    }

    @Test func whereThereAreNoRulesEachUserCountsAlike() {
        var table = RuleTable()
        let place = table.addLine(of: .none)
        for _ in 0..<5 { table.addUser(of: place, isClean: true) }
        table.removeCleanUser(of: place)
        #expect(table.cleanWeight == 4 && table.weight(ofUserIn: .none) == 1 && table.use(at: Self.start).isEmpty)
    }

    @Test mutating func aRuleThatHasVanishedIsForgottenWithItsLastLine() {
        fill(weights: [1, 1])
        table.open(5, of: places[0])
        table.change(.none, accountsPerCall: 100, now: Self.start)
        #expect(table.use(at: Self.start).isEmpty && table.known == 2)
        table.removeLine(of: places[1])
        #expect(table.known == 1)
        table.close(5, of: places[0])
        table.removeLine(of: places[0])
        #expect(table.known == 0)
    }

    // MARK: Against a naive model

    /// A fluid would serve all rules that ask at once, each by its weight: what two of them get while both ask, divided by their weights,
    /// would be the same. Here it differs by no more than an account of each, which is the bound of start-time fair queueing.
    @Test(arguments: UInt64(1)...30) mutating func rulesThatComeAndGoGetWhatAFluidModelGivesThem(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let weights = (0..<Int.random(in: 2...9, using: &generator)).map { _ in
            Int.random(in: 1...20, using: &generator)
        }
        fill(weights: weights)
        var users = weights.map { _ in 0 }
        /// What each pair has been given since both have asked.
        var common: [[Int]: (Int, Int)] = [:]
        for step in 0..<4000 {
            let rule = Int.random(in: weights.indices, using: &generator)
            if generator.unit() < 0.02 {
                if users[rule] == 0 {
                    table.addUser(of: places[rule], isClean: true)
                } else {
                    table.removeUser(of: places[rule], isClean: true)
                }
                users[rule] = 1 - users[rule]
                for other in weights.indices { common[[min(rule, other), max(rule, other)]] = nil }
            }
            guard let turn = table.next(), let served = places.firstIndex(of: turn) else {
                #expect(users.allSatisfy { $0 == 0 }, "step \(step)")
                continue
            }
            #expect(users[served] == 1)
            table.tookTurn(now: Self.start)
            for other in weights.indices where other != served && users[other] == 1 {
                let pair = [min(served, other), max(served, other)]
                var counts = common[pair] ?? (0, 0)
                if served < other { counts.0 += 1 } else { counts.1 += 1 }
                common[pair] = counts
                let (first, second) = (Double(weights[pair[0]]), Double(weights[pair[1]]))
                let difference = abs(Double(counts.0) / first - Double(counts.1) / second)
                #expect(difference <= 1 / first + 1 / second + 0.001, "step \(step) of \(pair)")
            }
        }
        #expect(table.violations.isEmpty)
    }
}

/// How fast a rule may go.
@Suite struct AccountBucketTests {
    private static let start = Moment(nanoseconds: 5_000_000_000)

    /// How many tokens are taken in a while, by a caller that always wants one.
    private func take(_ bucket: inout AccountBucket, from: Duration, to: Duration) -> Int {
        var count = 0
        var now = Self.start + from
        while now <= Self.start + to {
            while bucket.hasToken(at: now) {
                bucket.take(now: now)
                count += 1
            }
            now = max(now + .nanoseconds(1), bucket.refill(accountsPerCall: 100, now: now))
        }
        return count
    }

    @Test(arguments: [1, 7, 50, 333, 1000, 20_000]) func aBurstAndThenTheRate(rate: Int) {
        var bucket = AccountBucket(rate: rate, accountsPerCall: 100, now: Self.start)
        #expect(bucket.capacity == max(rate, 100))
        let burst = take(&bucket, from: .zero, to: .zero)
        #expect(burst == bucket.capacity)
        let later = take(&bucket, from: .zero, to: .seconds(10))
        #expect(later <= 10 * rate && later >= 10 * rate - max(1, rate / 10))
        // It fills up again, but no further.
        let afterPause = take(&bucket, from: .seconds(1000), to: .seconds(1000))
        #expect(afterPause == bucket.capacity)
    }

    @Test func itSaysWhenSoManyMayHaveLeft() {
        var bucket = AccountBucket(rate: 10, accountsPerCall: 100, now: Self.start)
        #expect(bucket.earliest(of: 100, now: Self.start) == Self.start)
        #expect(bucket.earliest(of: 150, now: Self.start) == Self.start + .seconds(5))
        for _ in 0..<100 { bucket.take(now: Self.start) }
        #expect(bucket.earliest(of: 1, now: Self.start) == Self.start + .milliseconds(100))
        // A full call, or a tenth of a second's.
        #expect(bucket.refill(accountsPerCall: 100, now: Self.start) == Self.start + .milliseconds(100))
        var fast = AccountBucket(rate: 10_000, accountsPerCall: 100, now: Self.start)
        for _ in 0..<10_000 { fast.take(now: Self.start) }
        #expect(fast.refill(accountsPerCall: 100, now: Self.start) == Self.start + .milliseconds(10))
    }

    @Test func anotherRateTakesNothingBack() {
        var bucket = AccountBucket(rate: 1000, accountsPerCall: 100, now: Self.start)
        for _ in 0..<950 { bucket.take(now: Self.start) }
        let slower = bucket.changed(rate: 100, accountsPerCall: 100, now: Self.start)
        #expect(!slower.hasToken(at: Self.start) && slower.hasToken(at: Self.start + .milliseconds(10)))
        let same = bucket.changed(rate: 1000, accountsPerCall: 100, now: Self.start)
        #expect(same.earliest(of: 51, now: Self.start) == bucket.earliest(of: 51, now: Self.start))
    }
}

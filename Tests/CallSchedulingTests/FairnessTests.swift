import AttributeValues
import Testing

@testable import CallScheduling

/// Who is served next.
@Suite struct FairnessTests {
    private var bench = SchedulerBench()

    /// Answers every call a round trip after it left, for so long. Gives the accounts served, by the second's number.
    private mutating func serve(seconds: Int, owners: (Account) -> Int) -> [[Int: Int]] {
        var served: [[Int: Int]] = []
        for _ in 0..<seconds {
            var counts: [Int: Int] = [:]
            for _ in 0..<50 {
                let calls = bench.pass(.milliseconds(20))
                for account in calls.flatMap(\.accounts) { counts[owners(account), default: 0] += 1 }
                for call in calls { bench.answer(call.key, call.accounts) }
            }
            served.append(counts)
        }
        return served
    }

    @Test mutating func oneAccountIsServedInTheNextCallBesideAHundredThousand() {
        bench.ask(0..<100_000, connection: 1)
        bench.pass()
        bench.takeAllSlots()
        bench.pass(.seconds(1))
        let question = bench.ask([Account("mine")], connection: 2)
        bench.freeSlot()
        let call = bench.pass()[0]
        #expect(call.accounts.count == 100)
        #expect(call.accounts.contains("mine"))
        bench.answer(call.key, call.accounts)
        #expect(bench.isAnswered(question))
    }

    @Test(arguments: [1, 20]) mutating func equalJobsAreServedEquallyInEverySecond(users: Int) {
        let jobs = 20
        for job in 0..<jobs {
            let accounts = (0..<10_000).map { Account("\(job) \($0)") }
            bench.ask(accounts, uid: UInt32(job % users), connection: UInt64(job))
        }
        for counts in serve(seconds: 5, owners: { Int($0.text.prefix { $0 != " " }) ?? -1 }) {
            let parts = (0..<jobs).map { Double(counts[$0, default: 0]) }
            let sum = parts.reduce(0, +)
            #expect(sum > 8000)
            #expect(sum * sum / (Double(jobs) * parts.reduce(0) { $0 + $1 * $1 }) >= 0.99)
        }
    }

    @Test mutating func connectionsOfAUserShareThatUsersPart() {
        for connection in 1...9 {
            let accounts = (0..<10_000).map { Account("1 \(connection) \($0)") }
            bench.ask(accounts, uid: 1, connection: UInt64(connection))
        }
        bench.ask((0..<20_000).map { Account("2 \($0)") }, uid: 2, connection: 10)
        let counts = serve(seconds: 2, owners: { $0.text.first == "1" ? 1 : 2 })
        for second in counts {
            #expect(abs(second[1, default: 0] - second[2, default: 0]) <= 200)
        }
    }

    // MARK: The queue by itself

    private static func turns(_ robin: inout RoundRobin<Int>, _ count: Int) -> [Int] {
        var turns: [Int] = []
        for _ in 0..<count {
            guard let member = robin.current() else { break }
            turns.append(member)
            robin.rotate()
        }
        return turns
    }

    @Test func membersTakeTurns() {
        var robin = RoundRobin<Int>()
        for member in [1, 2, 3] { robin.add(member) }
        #expect(Self.turns(&robin, 7) == [1, 2, 3, 1, 2, 3, 1])
        _ = robin.current()
        robin.removeCurrent()
        #expect(Self.turns(&robin, 4) == [3, 1, 3, 1])
    }

    @Test func aDebtIsWorkedOffOneTurnAtATime() {
        var robin = RoundRobin<Int>()
        for member in [1, 2] { robin.add(member) }
        robin.charge(3, to: 1)
        #expect(Self.turns(&robin, 7) == [2, 2, 2, 1, 2, 1, 2])
    }

    @Test func whoIsAloneOwesNothing() {
        var robin = RoundRobin<Int>()
        robin.add(1)
        robin.charge(500, to: 1)
        #expect(Self.turns(&robin, 3) == [1, 1, 1])
    }

    @Test func whenAllOweTheLeastDebtIsForgivenToAll() {
        var robin = RoundRobin<Int>()
        for member in 1...3 {
            robin.add(member)
            robin.charge(member == 2 ? 100 : 1_000_000, to: member)
        }
        let turns = Self.turns(&robin, 2000)
        #expect(turns.prefix(800).allSatisfy { $0 == 2 })
        #expect(Set(turns.suffix(300)) == [1, 2, 3])
    }

    @Test func theQueueGoesOnWithWhoeverIsLeft() {
        var queue = FairQueue()
        let callers = [
            CallerKey(uid: 1, connection: 1), CallerKey(uid: 1, connection: 2), CallerKey(uid: 2, connection: 3),
        ]
        for (number, caller) in zip(UInt64(1)..., callers) {
            queue.append(RequestKey(number: number, place: Int(number)), of: caller)
        }
        var heads: [UInt64] = []
        for _ in 0..<4 {
            heads.append(queue.head()?.number ?? 0)
            queue.taken()
        }
        #expect(heads == [1, 3, 2, 3])
        #expect(queue.head()?.number == 1)
        queue.dropHead()
        #expect([2, 3].contains(queue.head()?.number))
        queue.dropHead()
        _ = queue.head()
        queue.dropHead()
        #expect(queue.head() == nil)
    }

    @Test func connectionsThatAskOnceAreForgotten() {
        var queue = FairQueue()
        let stays = CallerKey(uid: 1, connection: 1)
        queue.append(RequestKey(number: 1, place: 0), of: stays)
        for number in UInt64(2)...20_000 {
            queue.append(RequestKey(number: number, place: 1), of: CallerKey(uid: 1, connection: number))
            #expect(queue.head()?.number == 1)
            queue.taken()
            #expect(queue.head()?.number == number)
            queue.dropHead()
            queue.taken()
            #expect(queue.remembered <= 1100)
        }
        // Who comes back takes turns again.
        queue.append(RequestKey(number: 30_000, place: 2), of: CallerKey(uid: 1, connection: 20_000))
        _ = queue.head()
        queue.taken()
        #expect(queue.head()?.number == 30_000)
    }
}

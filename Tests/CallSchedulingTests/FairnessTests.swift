import AttributeValues
import Testing

@testable import CallScheduling

/// Who is served next.
@Suite struct FairnessTests {
    private var bench = SchedulerBench()
    private let now = Moment(nanoseconds: 1)

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
            guard let member = robin.current else { break }
            turns.append(member)
            robin.rotate()
        }
        return turns
    }

    @Test func membersTakeTurns() {
        var robin = RoundRobin<Int>()
        for member in [1, 2, 3] { robin.add(member) }
        #expect(Self.turns(&robin, 7) == [1, 2, 3, 1, 2, 3, 1])
        robin.removeCurrent()
        #expect(Self.turns(&robin, 4) == [3, 1, 3, 1])
    }

    @Test func theQueueGoesOnWithTheCallersThatAreLeft() {
        var queue = CallerQueue()
        let callers = [
            CallerKey(uid: 1, connection: 1), CallerKey(uid: 1, connection: 2), CallerKey(uid: 2, connection: 3),
        ]
        for (number, caller) in zip(UInt64(1)..., callers) {
            queue.add(RequestKey(number: number, place: Int(number)), of: caller)
        }
        var heads: [UInt64] = []
        for _ in 0..<4 {
            heads.append(queue.cleanHead(now: now)?.number ?? 0)
            queue.taken(from: .clean, now: now)
        }
        #expect(heads == [1, 3, 2, 3])
        #expect(queue.cleanHead(now: now)?.number == 1)
        queue.dropHead(of: .clean)
        #expect([2, 3].contains(queue.cleanHead(now: now)?.number))
        queue.dropHead(of: .clean)
        _ = queue.cleanHead(now: now)
        queue.dropHead(of: .clean)
        #expect(queue.cleanHead(now: now) == nil)
    }

    @Test func connectionsThatAskOnceAreForgotten() {
        var queue = CallerQueue()
        let stays = CallerKey(uid: 1, connection: 1)
        queue.add(RequestKey(number: 1, place: 0), of: stays)
        for number in UInt64(2)...20_000 {
            let line = queue.add(RequestKey(number: number, place: 1), of: CallerKey(uid: 1, connection: number))
            #expect(queue.cleanHead(now: now)?.number == 1)
            queue.taken(from: .clean, now: now)
            #expect(queue.cleanHead(now: now)?.number == number)
            queue.dropHead(of: .clean)
            queue.taken(from: .clean, now: now)
            queue.lines.close(1, in: line) { _ in false }
            #expect(queue.lines.remembered <= 1100)
        }
        // A connection that comes back takes turns again.
        queue.add(RequestKey(number: 30_000, place: 2), of: CallerKey(uid: 1, connection: 20_000))
        _ = queue.cleanHead(now: now)
        queue.taken(from: .clean, now: now)
        #expect(queue.cleanHead(now: now)?.number == 30_000)
    }
}

extension CallerQueue {
    /// A request for one account, of a caller without an offence.
    @discardableResult
    fileprivate mutating func add(_ request: RequestKey, of caller: CallerKey) -> Int {
        let line = lines.line(of: caller)
        #expect(lines.open(1, in: line) == nil)
        append(request, in: line, of: caller, lane: .clean)
        return line
    }
}

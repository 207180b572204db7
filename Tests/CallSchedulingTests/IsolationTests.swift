import AttributeValues
import Testing

@testable import CallScheduling

/// How the account that makes a call fail is found.
@Suite struct IsolationTests {
    private static let fault = failure(70107)

    private static func failure(_ code: Int) -> CallFailure {
        CallFailure(.account, code: code, message: "x")
    }

    private static func rides(_ count: Int) -> [Ride] {
        var table = AccountTable()
        return (0..<count).map { number in
            let account = Account("\(number)")
            let waiters = Waiters(RequestKey(number: UInt64(number), place: number), index: 0)
            return Ride(account: account, id: table.id(of: account), waiters: waiters)
        }
    }

    private static func names(_ rides: [Ride]) -> Set<Int> { Set(rides.compactMap { Int($0.account.text) }) }

    /// Searches for offenders, each with its code. Gives the tests, and who was answered, put aside and blamed.
    private static func search(_ count: Int, offenders: [Int: Int])
        -> (tests: Int, answered: Set<Int>, aside: Set<Int>, failed: Set<Int>, found: Bool, code: Int)
    {
        var isolation = Isolation(rides(count), failure: failure(offenders.min { $0.key < $1.key }?.value ?? 1))
        var (answered, aside, failed): (Set<Int>, Set<Int>, Set<Int>) = ([], [], [])
        var found = false
        while !isolation.isOver, isolation.calls < 100 {
            let tested = isolation.startTest()
            isolation.testEnded(tested)
            let code = offenders.filter { names(tested).contains($0.key) }.min { $0.key < $1.key }?.value
            let step = code.map { isolation.testFailed(failure($0)) } ?? isolation.testSucceeded()
            if code == nil { answered.formUnion(names(tested)) }
            aside.formUnion(names(step.aside))
            failed.formUnion(names(step.failed))
            found = found || step.foundOffender
        }
        return (isolation.calls, answered, aside, failed, found, isolation.failure.code)
    }

    @Test(arguments: [2, 3, 60, 100]) func theOffenderIsFoundWhereverItIs(count: Int) {
        for offender in 0..<count {
            let result = Self.search(count, offenders: [offender: 70107])
            #expect(result.found && result.failed == [offender] && result.code == 70107)
            #expect(result.answered.union(result.aside) == Set(0..<count).subtracting([offender]))
            #expect(result.answered.isDisjoint(with: result.aside))
            // With one call for all who were put aside.
            if count == 60 { #expect(result.tests + (result.aside.isEmpty ? 0 : 1) <= 8, "at \(offender)") }
        }
    }

    @Test func whenBothHalvesFailAlikeNoAccountIsToBlame() {
        let result = Self.search(60, offenders: [3: 90001, 50: 90001])
        #expect(result.tests == 2)
        #expect(!result.found)
        #expect(result.failed == Set(0..<60))
    }

    @Test func whenBothHalvesFailInDifferentWaysOneOffenderIsFoundAndTheOtherComesAgain() {
        let result = Self.search(60, offenders: [3: 90003, 50: 70107])
        #expect(result.found && result.failed == [3] && result.code == 90003)
        #expect(result.aside.contains(50))
        #expect(result.tests <= 8)
    }

    @Test func nobodyIsBlamedForAFailureThatDoesNotComeBack() {
        let result = Self.search(60, offenders: [:])
        #expect(!result.found && result.failed.isEmpty)
        #expect(result.answered == Set(0..<60))
        #expect(result.tests <= 8)
    }

    // MARK: End to end

    @Test(arguments: [0, 1, 29, 30, 31, 59]) func fiftyNineAreAnsweredAndOneIsToldItsFault(offender: Int) {
        var bench = SchedulerBench()
        bench.takeAllSlots()
        let keys = (0..<60).map { bench.ask($0..<$0 + 1, connection: UInt64($0)) }
        for slot in 0..<20 { bench.freeSlot(slot) }
        var next = 0
        bench.pass()
        while next < bench.started.count {
            let call = bench.started[next]
            next += 1
            if call.accounts.contains(Account("user\(offender)")) {
                bench.fail(call.key, 70107, .account)
            } else {
                bench.answer(call.key, call.accounts)
            }
            bench.pass(.milliseconds(50))
        }
        #expect(keys.indices.allSatisfy { bench.isAnswered(keys[$0]) == ($0 != offender) })
        #expect(bench.failure(of: keys[offender])?.first.code == 70107)
        #expect(bench.started.count - 1 <= 8)
        // It leaves alone for a while, so that it hurts nobody again.
        bench.ask(offender..<offender + 1)
        bench.ask(100..<110)
        #expect(bench.pass(.milliseconds(50)).map(\.accounts.count).sorted() == [1, 10])
    }

    @Test func whoJoinsATestThatFailsIsToldToo() {
        var bench = SchedulerBench()
        bench.ask(0..<2)
        bench.fail(bench.pass()[0].key, 70107, .account)
        let test = bench.started[1]
        let late = bench.ask(test.accounts, maxAge: .seconds(1))
        var next = 1
        while next < bench.started.count {
            let call = bench.started[next]
            next += 1
            if call.accounts.contains(test.accounts[0]) {
                bench.fail(call.key, 70107, .account)
            } else {
                bench.answer(call.key, call.accounts)
            }
            bench.pass(.milliseconds(50))
        }
        #expect(bench.failure(of: late)?.first.code == 70107)
    }

    @Test func manyBadAccountsDoNotKeepOthersWaiting() {
        var bench = SchedulerBench()
        let bad = (0..<1000).map { Account("bad \($0)") }
        for account in bad { bench.scheduler.quarantine[account] = bench.now + .seconds(60) }
        bench.ask(bad, connection: 1)
        bench.pass(.milliseconds(50))
        #expect(bench.started.allSatisfy { $0.accounts.count == 1 })
        bench.ask([Account("good")], uid: 2, connection: 2)
        bench.pass(.milliseconds(20))
        #expect(bench.started.suffix(2).contains { $0.accounts == ["good"] })
    }
}

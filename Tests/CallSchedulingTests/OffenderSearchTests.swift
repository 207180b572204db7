import AttributeValues
import Testing

@testable import CallScheduling

/// How the accounts that make a call fail are found.
@Suite struct OffenderSearchTests {
    private static func suspects(_ count: Int, callers: Int, users: Int = 1) -> [OffenderSearch.Suspect] {
        var table = AccountTable()
        return (0..<count).map { number in
            let account = Account("\(number)")
            let waiters = Waiters(RequestKey(number: UInt64(number), place: number), index: 0)
            let caller = CallerKey(
                uid: UInt32(1 + number * users / count), connection: UInt64(number * callers / count))
            return OffenderSearch.Suspect(
                ride: Ride(account: account, id: table.id(of: account), waiters: waiters), caller: caller)
        }
    }

    private struct Result {
        var tests = 0
        var rounds = 0
        var answered: Set<Int> = []
        var alone: Set<Int> = []
    }

    /// Searches, with all tests that are ready in one round.
    private static func search(
        _ count: Int, offenders: Set<Int>, _ kind: CallFailure.Kind = .account, callers: Int? = nil
    ) -> Result {
        let failure = CallFailure(kind, code: 70107, message: "x")
        var search = OffenderSearch(suspects(count, callers: callers ?? count), failure: failure)
        var result = Result()
        while !search.isOver, result.tests < 1000 {
            let round = search.takeNewTests().compactMap { test in
                search.leave(test, isWanted: { _ in true }, dropped: { _ in }).map { (test, $0) }
            }
            result.rounds += 1
            for (test, rides) in round {
                result.tests += 1
                let names = Set(rides.compactMap { Int($0.account.text) })
                if names.isDisjoint(with: offenders) {
                    result.answered.formUnion(names)
                    _ = search.succeeded(test)
                } else if let ride = search.failed(test, rides, failure) {
                    #expect(rides.count == 1, "blamed in company")
                    result.alone.insert(Int(ride.account.text) ?? -1)
                }
            }
        }
        #expect(search.waiting.isEmpty)
        return result
    }

    /// To wait for a test that may hang would cost the other half a time-out.
    @Test func bothOfTwoSilentAccountsAreTestedAtOnce() {
        let failure = CallFailure(.timedOut, message: "x")
        var search = OffenderSearch(Self.suspects(2, callers: 2), failure: failure)
        let tests = search.takeNewTests()
        #expect(tests.map { search.suspects(of: $0).count } == [1, 1])
    }

    @Test(arguments: [2, 3, 9, 10]) func silentAccountsOfTwoUsersShareNoTest(users: Int) {
        let failure = CallFailure(.timedOut, message: "x")
        var search = OffenderSearch(Self.suspects(100, callers: 100, users: users), failure: failure)
        let tests = search.takeNewTests().map { search.suspects(of: $0) }
        #expect(tests.map(\.count).reduce(0, +) == 100)
        #expect(tests.count <= 20)
        for test in tests { #expect(Set(test.map { $0.caller?.principal }).count == 1) }
    }

    /// Nothing follows for the others from the answer to some, if the offender may be one that is not wanted any more.
    @Test func whatWasGivenUpMayHaveBeenAtFault() {
        let failure = CallFailure(.account, code: 90003, message: "x")
        var search = OffenderSearch(Self.suspects(8, callers: 8), failure: failure, hasLostSuspects: true)
        let tests = search.takeNewTests()
        #expect(tests.count == 1)
        let rides = search.leave(tests[0], isWanted: { _ in true }, dropped: { _ in })
        let named = search.succeeded(tests[0])
        #expect(rides?.count == 8 && named == nil && search.isOver)
    }

    /// If the others fail without it too, they are divided.
    @Test func whatIsLeftIsDividedIfItFailsAsAWhole() {
        let failure = CallFailure(.account, code: 90003, message: "x")
        var search = OffenderSearch(Self.suspects(8, callers: 8), failure: failure, hasLostSuspects: true)
        var found: [String] = []
        var tests = 0
        while !search.isOver, tests < 50 {
            for test in search.takeNewTests() {
                guard let rides = search.leave(test, isWanted: { _ in true }, dropped: { _ in }) else { continue }
                tests += 1
                if rides.contains(where: { $0.account.text == "5" }) {
                    found += search.failed(test, rides, failure).map { [$0.account.text] } ?? []
                } else {
                    _ = search.succeeded(test)
                }
            }
        }
        #expect(found == ["5"] && search.isOver && tests <= 12)
    }

    @Test func noAccountIsNamedAfterOneWasGivenUp() {
        let failure = CallFailure(.account, code: 90003, message: "x")
        var search = OffenderSearch(Self.suspects(4, callers: 4), failure: failure)
        var tests = 0
        while !search.isOver {
            for test in search.takeNewTests() {
                guard search.leave(test, isWanted: { $0.account.text != "0" }, dropped: { _ in }) != nil else {
                    continue
                }
                tests += 1
                let named = search.succeeded(test)
                #expect(named == nil)
            }
        }
        #expect(tests == 2)
    }

    /// An account that is answered alone, but not beside others, is not at fault; the search comes down to it all the same.
    @Test func anAccountThatFailsOnlyBesideOthersIsNamed() {
        let failure = CallFailure(.account, code: 90003, message: "x")
        var search = OffenderSearch(Self.suspects(8, callers: 8), failure: failure)
        var named: [String] = []
        while !search.isOver {
            for test in search.takeNewTests() {
                guard let rides = search.leave(test, isWanted: { _ in true }, dropped: { _ in }) else { continue }
                if rides.count > 1, rides.contains(where: { $0.account.text == "5" }) {
                    #expect(search.failed(test, rides, failure) == nil)
                } else if let last = search.succeeded(test) {
                    named.append(last.ride.account.text)
                }
            }
        }
        // Or the one that it was left with last.
        #expect(named == ["5"] || named == ["4"])
    }

    @Test(arguments: [2, 3, 60, 100]) func theOffenderIsFoundWhereverItIs(count: Int) {
        for offender in 0..<count {
            let result = Self.search(count, offenders: [offender])
            #expect(result.alone == [offender])
            #expect(result.answered == Set(0..<count).subtracting([offender]))
            #expect(result.tests <= 14)
        }
    }

    @Test(arguments: [(1, 12), (2, 22), (10, 73), (50, 134), (100, 140)])
    func manyOffendersAreAllFound(count: Int, tests: Int) {
        var generator = SeededGenerator(seed: 4)
        var sum = 0
        for _ in 0..<50 {
            let offenders = Set((0..<100).shuffled(using: &generator).prefix(count))
            let result = Self.search(100, offenders: offenders)
            #expect(result.alone == offenders)
            #expect(result.answered == Set(0..<100).subtracting(offenders))
            sum += result.tests
        }
        #expect(sum / 50 <= tests)
    }

    @Test func whatWasFoundByEliminationIsTestedAloneBeforeItIsBlamed() {
        // The failure does not come back: all are answered.
        let result = Self.search(60, offenders: [])
        #expect(result.alone.isEmpty && result.answered == Set(0..<60))
        #expect(result.tests <= 8)
    }

    @Test func timeOutsTakeTwoRoundsOfTests() {
        for offenders in [[3], [3, 50], Set(0..<100)] as [Set<Int>] {
            let result = Self.search(100, offenders: offenders, .timedOut)
            #expect(result.alone == offenders && result.rounds == 2)
        }
        #expect(Self.search(16, offenders: [3], .timedOut).rounds == 1)
    }

    /// The accounts of a caller stay together where that costs nothing: ten offenders of one caller are cheaper than ten of as many.
    @Test func theCutIsRatherBetweenCallers() {
        let search = Self.search(100, offenders: Set(40..<60), callers: 5)
        let spread = Self.search(100, offenders: Set((0..<20).map { $0 * 5 }), callers: 5)
        #expect(search.tests < spread.tests)
    }

    @Test func accountsThatAreNotWantedCostNoTest() {
        let failure = CallFailure(.account, code: 70107, message: "x")
        var search = OffenderSearch(Self.suspects(10, callers: 10), failure: failure)
        var dropped = 0
        while !search.isOver {
            for test in search.takeNewTests() {
                let left = search.leave(test, isWanted: { _ in false }, dropped: { _ in dropped += 1 })
                #expect(left == nil)
            }
        }
        #expect(dropped == 10 && search.calls == 0)
    }

    @Test func aTestThatSaysNothingIsMadeAgainAsItWas() {
        let failure = CallFailure(.account, code: 70107, message: "x")
        var search = OffenderSearch(Self.suspects(4, callers: 4), failure: failure)
        let first = search.takeNewTests()[0]
        let rides = search.leave(first, isWanted: { _ in true }, dropped: { _ in }) ?? []
        search.repeatTest(first, rides)
        let again = search.takeNewTests()[0]
        let repeated = search.leave(again, isWanted: { _ in true }, dropped: { _ in })
        #expect(repeated?.map(\.account) == rides.map(\.account))
        #expect(search.waiting.count == 2)
    }
}

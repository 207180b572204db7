import AttributeValues
import Testing

@testable import CallScheduling

@Suite struct SnapshotTests {
    @Test func itHasTheNumbersOfTheMoment() {
        var bench = SchedulerBench()
        bench.ask(0..<3, uid: 7, connection: 1)
        bench.ask(3..<4, uid: 8, connection: 2)
        bench.now = bench.now + .milliseconds(40)
        let before = bench.scheduler.snapshot(at: bench.now, users: 1)
        #expect(before.openRequests == 2 && before.waitingAccounts == 4 && before.unansweredAccounts == 4)
        #expect(before.oldestWaiting == .milliseconds(40))
        #expect(before.accountsByUser.map(\.uid) == [7] && before.accountsByUser.map(\.count) == [3])
        bench.pass()
        let after = bench.scheduler.snapshot(at: bench.now)
        #expect(after.openRequests == 2 && after.waitingAccounts == 0 && after.oldestWaiting == nil)
        #expect(after.unansweredAccounts == 4)
        #expect(after.callsUnderWay == 1 && after.slotsHeld == 1 && after.counters.calls == 1)
        #expect(after.accountsByUser.isEmpty && after.closedBecause == nil)
    }
}

/// How the request is found that has waited longest.
@Suite struct ArrivalsTests {
    private var requests = RequestTable()
    private var arrivals = Arrivals()

    private mutating func ask(at seconds: Int64, waiting: Int = 1) -> RequestKey {
        let key = requests.makeKey()
        var request = WaitingRequest(
            accounts: ["a"], caller: CallerKey(uid: 1, connection: 1), line: 0, deadline: .distantFuture,
            since: Moment(nanoseconds: seconds))
        request.waiting = waiting
        requests.insert(request, for: key)
        arrivals.append(key)
        return key
    }

    private var oldest: Int64? {
        mutating get { arrivals.oldestWaiting(in: requests)?.nanoseconds }
    }

    @Test mutating func whatIsInCallsIsPassedOver() {
        _ = ask(at: 1, waiting: 0)
        let second = ask(at: 2)
        _ = ask(at: 3)
        #expect(oldest == 2)
        requests.stopWaiting(second)
        #expect(oldest == 3)
        #expect(requests.waiting == 1)
    }

    @Test mutating func whatWaitsAgainIsFoundAgain() {
        let first = ask(at: 1)
        _ = ask(at: 2)
        for _ in 0..<3 {
            requests.stopWaiting(first)
            #expect(oldest == 2)
            #expect(requests.waitAgain(first, for: 0) != nil)
            arrivals.waitsAgain(first)
            #expect(oldest == 1)
        }
        requests.remove(first)
        #expect(oldest == 2)
    }

    /// Retries put in more entries than there are requests; what is left of them goes with the next clear-out.
    @Test mutating func itsMemoryIsInProportionToTheOpenRequests() {
        let first = ask(at: 1, waiting: 0)
        #expect(oldest == nil)
        for _ in 0..<3000 { arrivals.waitsAgain(first) }
        #expect(arrivals.isSparse(beside: requests.count))
        arrivals.clearOut(keeping: requests)
        #expect(!arrivals.isSparse(beside: requests.count))
        #expect(requests.waitAgain(first, for: 0) != nil)
        #expect(oldest == 1)
    }
}

@Suite struct LargestCountsTests {
    private func list(_ counts: [UInt32: Int], most: Int) -> [String] {
        LargestCounts.list(of: counts.map { ($0, $1) }, most: most).map { "\($0.uid):\($0.count)" }
    }

    @Test func fewAreAllListedInTheOrderOfUsers() {
        #expect(list([:], most: 3) == [])
        #expect(list([7: 1, 3: 9], most: 3) == ["3:9", "7:1"])
    }

    @Test func ofManyTheLargestAreListed() {
        let counts = Dictionary(uniqueKeysWithValues: (0..<1000).map { (UInt32($0), $0 * 37 % 1000) })
        let listed = LargestCounts.list(of: counts.map { ($0, $1) }, most: 100)
        #expect(Set(listed.map(\.count)) == Set(900..<1000))
        #expect(listed.map(\.uid) == listed.map(\.uid).sorted())
    }

    @Test func ofEqualOnesTheFirstUsersAreListed() {
        #expect(list([5: 1, 1: 1, 3: 1, 2: 1], most: 2) == ["1:1", "2:1"])
    }
}

import Accounting
import AttributeValues
import CallScheduling
import Testing

@testable import AttributeDaemon

/// What is kept for requests that wait.
@Suite struct WaitingRequestsTests {
    private var scheduler = CallScheduler(
        limits: .init(rate: 1, inFlight: 1, queuedAccounts: 10, queuedAccountsPerPrincipal: 10))
    private var requests = WaitingRequests<Int>()

    /// Opens a request.
    private mutating func open() -> RequestKey {
        let key = scheduler.makeRequestKey()
        let caller = CallerKey(principal: Principal(uid: 1), connection: 1)
        let (now, deadline) = (Moment(nanoseconds: 0), Moment(nanoseconds: 1_000_000_000))
        let outcome = scheduler.enqueue(key, accounts: ["a"], caller: caller, deadline: deadline, now: now)
        #expect(outcome == nil)
        return key
    }

    private mutating func isTaken(_ key: RequestKey) -> Bool {
        let value = requests.remove(key)
        return value != nil
    }

    @Test mutating func nobodyIsTakenForWhoeverHadItsPlaceBefore() {
        let first = open()
        let isThere = isTaken(first)
        #expect(!isThere)
        requests.insert(1, for: first)
        _ = scheduler.withdraw(first, now: Moment(nanoseconds: 0))
        let wasThere = isTaken(first)
        #expect(wasThere && requests.isEmpty)

        let second = open()
        #expect(second.place == first.place)
        requests.insert(2, for: second)
        let isStale = isTaken(first)
        #expect(!isStale && requests.count == 1)
        let isFound = isTaken(second)
        #expect(isFound && requests.isEmpty)
    }
}

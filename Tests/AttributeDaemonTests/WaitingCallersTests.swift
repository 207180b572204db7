import Accounting
import AttributeValues
import CallScheduling
import Testing

@testable import AttributeDaemon

/// Whom to tell how their requests have ended.
@Suite struct WaitingCallersTests {
    private var scheduler = CallScheduler(
        limits: .init(rate: 1, inFlight: 1, queuedAccounts: 10, queuedAccountsPerPrincipal: 10))
    private var callers = WaitingCallers()

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
        let tell = callers.remove(key)
        return tell != nil
    }

    @Test mutating func nobodyIsTakenForWhoeverHadItsPlaceBefore() {
        let first = open()
        let isThere = isTaken(first)
        #expect(!isThere)
        callers.insert(first) { _ in }
        _ = scheduler.withdraw(first, now: Moment(nanoseconds: 0))
        let wasThere = isTaken(first)
        #expect(wasThere && callers.isEmpty)

        let second = open()
        #expect(second.place == first.place)
        callers.insert(second) { _ in }
        let isStale = isTaken(first)
        #expect(!isStale && callers.count == 1)
        let isFound = isTaken(second)
        #expect(isFound && callers.isEmpty)
    }
}

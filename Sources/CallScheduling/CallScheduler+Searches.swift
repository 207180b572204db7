import Accounting
import AttributeValues

/// How the accounts and the principals are found that make calls fail, and what follows for them.
extension CallScheduler {
    mutating func divide(_ rides: [Ride], _ failure: CallFailure, now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        let wanted = rides.filter(isWanted).map { known($0) }
        for ride in rides where !isWanted(ride) { forgetUnlessWanted(ride.id) }
        guard !wanted.isEmpty else { return }
        guard gate.isOpen else { return fail(wanted, asClosed: failure, now: now) }
        for ride in wanted { note(failure, of: ride, notBefore: now, now: now) }
        counters.isolations += 1
        searches.begin(suspects(of: wanted), failure, hasLostSuspects: wanted.count < rides.count)
        queueTests()
    }

    /// The accounts in the order in which they are tested: the likeliest offenders first, those of a caller together.
    func suspects(of rides: [Ride]) -> [OffenderSearch.Suspect] {
        let all = rides.map { ride in
            OffenderSearch.Suspect(
                ride: ride,
                caller: ride.waiters.first(where: { requests.contains($0) }).flatMap { requests[$0]?.caller })
        }
        let rates = all.map { $0.caller.map { offences.rate(of: $0) } ?? 0 }
        return all.indices.sorted { left, right in
            if rates[left] != rates[right] { return rates[left] > rates[right] }
            guard let first = all[left].caller, let second = all[right].caller, first != second else {
                return left < right
            }
            return (first.principal, first.connection) < (second.principal, second.connection)
        }.map { all[$0] }
    }

    mutating func testFailed(_ test: TestKey, _ rides: [Ride], _ failure: CallFailure, now: Moment) {
        guard searches.contains(test) else {
            // The search was given up while the test was under way.
            guard failure.cause == .account else { return failedAmbiguously(rides, failure, now: now) }
            if rides.count > 1 { return divide(rides, failure, now: now) }
            return blame(rides[0], failure, calls: 0, isRecorded: true, now: now)
        }
        if isUpstreamSound(at: now) { separate(theOnlyPrincipal(of: rides), now: now) }
        if let (alone, calls) = searches.failed(test, rides, failure) {
            if failure.cause == .account {
                blame(alone, failure, calls: calls, isRecorded: true, now: now)
            } else {
                failedAlone(alone, failure, calls: calls, now: now)
            }
        } else {
            for ride in rides { note(failure, of: ride, notBefore: now, now: now) }
        }
        queueTests()
    }

    /// The principal whose callers wait for these accounts, if there is just one.
    func theOnlyPrincipal(of rides: [Ride]) -> Principal? {
        var only: Principal?
        for ride in rides {
            var isShared = false
            ride.waiters.forEach { key, _ in
                guard let principal = requests.caller(of: key)?.principal else { return }
                if only == nil { only = principal } else if only != principal { isShared = true }
            }
            if isShared { return nil }
        }
        return only
    }

    /// Whether a failure that an account can cause is likely to be an account's.
    func isUpstreamSound(at now: Moment) -> Bool { gate.isUndoubted && !gate.isFlapping(at: now) }

    /// An account of this principal is at fault, whichever it is: its calls leave by themselves from now on, so that no more calls of
    /// others fail with it.
    mutating func separate(_ principal: Principal?, now: Moment) {
        guard let principal else { return }
        let isKnown = offences.isOffending(principal)
        offences.suspect(principal, now: now)
        if !isKnown { lanes.separate(principal, charging: 0) }
    }

    /// Looks for the principal that makes calls go wrong in which no account can be found at fault: those that bring more than what they
    /// asked for, so that their slots are held for twice as long, and those that fail after a request for one of their accounts has ended.
    mutating func judgePrincipals(of call: Call, _ end: CallEnd, now: Moment) {
        switch (end.result, end.counted) {
        case (.success, .unknown): break
        case (.success, _):
            // Only a principal that has left the clean lane pays for calls.
            if let payer = call.payer, offences.clear(payer) { lanes.unite(payer) }
            return
        case (.failure(let failure), _):
            let mayBeAnAccounts =
                switch failure.cause {
                case .account, .ambiguous, .stale: true
                case .daemon, .neverSent: false
                }
            if call.leavers.isEmpty || !mayBeAnAccounts || !isUpstreamSound(at: now) { return }
        }
        let callers = callers(of: call)
        let principals = Set(callers.map(\.principal))
        guard principals.count == 1 else {
            for principal in offences.putApart(principals, now: now) { lanes.separate(principal, charging: 0) }
            return
        }
        separate(principals.first, now: now)
        for caller in callers.count == 1 ? callers : call.leavers {
            offences.note(caller, earlierRides: lanes.callers.lines.rides(of: caller), now: now)
        }
    }

    /// Whose accounts were in a call.
    func callers(of call: Call) -> Set<CallerKey> {
        var all = call.leavers
        var last: CallerKey?
        for ride in call.rides {
            ride.waiters.forEach { key, _ in
                guard let caller = requests.caller(of: key), caller != last else { return }
                // Of a hundred thousand that wait for an account, most have the same caller as the one before.
                last = caller
                all.insert(caller)
            }
        }
        return all
    }

    /// A test has ended without saying anything about its accounts.
    mutating func repeatTest(_ test: TestKey, _ rides: [Ride], _ failure: CallFailure) {
        guard searches.contains(test) else { return fail(rides, failure) }
        searches.makeAgain(test, rides)
        queueTests()
    }

    /// Queues the tests that follow from what has happened to a search.
    mutating func queueTests() {
        for (test, suspects) in searches.takeNewTests() { queue(test, suspects) }
    }

    private mutating func queue(_ test: TestKey, _ suspects: [OffenderSearch.Suspect]) {
        let best = suspects.map { lane(of: $0.ride) }.min() ?? .clean
        // While others ask for much, tests for offending principals only are as few as calls of suspects.
        let othersAsk = lanes.callers.cleanUsers > 0 || limiter.isUsedByClean
        let part = best > .clean && othersAsk ? Lane.suspect : best
        lanes.addTest(test, lane: part, principal: suspects.first?.caller?.principal)
        backlog = .unknown
    }

    /// The accounts of a test are not wanted any more.
    mutating func dropTest(_ test: TestKey) {
        searches.makeAgain(test, [])
        queueTests()
    }

    /// Gives the search up that a call is a test of.
    /// - Returns: What of it is not in a call.
    mutating func endSearch(of call: Call) -> [Ride] {
        guard case .test(let test) = call.purpose else { return [] }
        return searches.end(test)
    }

    /// An account is at fault: those who wait for it are answered with its failure, and pay for what it has cost.
    /// - Parameters:
    ///   - calls: What the search for it has cost.
    ///   - isRecorded: Whether it counts as an offence of theirs.
    mutating func blame(_ ride: Ride, _ failure: CallFailure, calls: Int, isRecorded: Bool, now: Moment) {
        if isRecorded {
            var users: Set<Principal> = []
            var first: Principal?
            ride.waiters.forEach { key, _ in
                guard let caller = requests[key]?.caller else { return }
                if first == nil { first = caller.principal }
                offences.note(caller, earlierRides: lanes.callers.lines.rides(of: caller), now: now)
                users.insert(caller.principal)
            }
            for principal in users.sorted() { lanes.separate(principal, charging: calls / users.count) }
            if let first {
                let rests = failure.cause == .ambiguous ? failure : nil
                quarantine.insert(ride.account, principal: first, resting: rests, now: now)
            }
        }
        fail([ride], failure)
    }

    /// The requests of these accounts end, because nothing leaves any more.
    mutating func shutDown(_ rides: [Ride]) {
        for ride in rides {
            forgetUnlessWanted(ride.id)
            ride.waiters.forEach { key, _ in
                if requests.contains(key) { ends.interrupt(key) }
            }
        }
    }
}

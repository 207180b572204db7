import AttributeValues
import DequeModule

extension CallScheduler {
    /// Starts calls while they may leave and something waits.
    mutating func dispatch(now: Moment, _ actions: inout [Action]) {
        if isStarved { return }
        while calls.count < limits.inFlight, slots.hasFree, gate.admitsCall, pacer.earliestStart(now: now) <= now {
            guard let (rides, isolation) = nextLoad(now: now) else {
                isStarved = true
                break
            }
            actions.append(start(rides, isolation, now: now))
        }
        if !isStarved, !slots.hasFree { pacer.backlogged(now: now) }
    }

    private mutating func start(_ rides: [Ride], _ isolation: Int?, now: Moment) -> Action {
        lastCall += 1
        let key = CallKey(number: lastCall)
        pacer.take(now: now)
        gate.callStarted(now: now)
        budget.callStarted()
        if isolation != nil { counters.isolationCalls += 1 }
        counters.started(accounts: rides.count)
        for place in rides.indices { accounts[rideOf: rides[place].id] = (key, Int32(place)) }
        calls[key] = Call(slot: slots.take(), leftAt: now, rides: rides, isolation: isolation)
        return .start(key, accounts: rides.map(\.account))
    }

    // MARK: What a call takes

    /// The next call's accounts; nil if nothing can leave.
    ///
    /// Calls of which one account is the cause take turns with all others, so that many bad accounts cost the others
    /// half of the calls at most.
    private mutating func nextLoad(now: Moment) -> (rides: [Ride], isolation: Int?)? {
        if !lastWasForOne, let load = nextForOne() {
            lastWasForOne = true
            return load
        }
        lastWasForOne = false
        // Twice, because a search that nobody needs any longer puts its suspects back.
        return nextMerged(now: now) ?? nextForOne() ?? nextMerged(now: now)
    }

    /// A test of suspects, or an account that lately was at fault.
    private mutating func nextForOne() -> (rides: [Ride], isolation: Int?)? {
        while let isolation = tests.popFirst() {
            guard isolations[isolation]?.testing.contains(where: isWanted) == true,
                let rides = isolations[isolation]?.startTest()
            else {
                // Nobody waits for those any longer. Whom the others wait for may well be good without them.
                putBackSuspects(of: isolation)
                continue
            }
            return (rides.map { known($0) }, isolation)
        }
        while let id = alone.popFirst() {
            if let ride = board(id) { return ([ride], nil) }
        }
        return nil
    }

    private mutating func nextMerged(now: Moment) -> (rides: [Ride], isolation: Int?)? {
        var rides: [Ride] = []
        if accounts.waitedFor > 0 { rides.reserveCapacity(min(accountsPerCall, accounts.waitedFor)) }
        fill(&rides) { $0.returned.popFirst() }
        fillFairly(&rides, now: now)
        // What was put aside causes no call of its own.
        if !rides.isEmpty { fill(&rides) { $0.aside.popFirst() } }
        return rides.isEmpty ? nil : (rides, nil)
    }

    private mutating func fill(_ rides: inout [Ride], next: (inout CallScheduler) -> AccountID?) {
        while rides.count < accountsPerCall, let id = next(&self) {
            if let ride = board(id) { rides.append(ride) }
        }
    }

    private mutating func fillFairly(_ rides: inout [Ride], now: Moment) {
        if fair.isCrowded { prefetchTurns(accountsPerCall - rides.count) }
        while rides.count < accountsPerCall, let key = fair.head() {
            // Whoever is alone has all turns, and need not be looked for again before each.
            takeTurns(fair.isAlone ? accountsPerCall - rides.count : 1, of: key, &rides, now: now)
        }
    }

    private mutating func takeTurns(_ count: Int, of key: RequestKey, _ rides: inout [Ride], now: Moment) {
        for _ in 0..<count {
            let (next, isLast) = nextWaiting(of: key)
            if isLast { fair.dropHead() }
            if let next {
                fair.taken()
                take(next, of: key, &rides, now: now)
            }
            if isLast { return }
        }
    }

    private mutating func take(_ id: AccountID, of key: RequestKey, _ rides: inout [Ride], now: Moment) {
        // Asked first, because it is nearly always so: the other question is answered from a copy of the whole scheduler.
        if !quarantine.isEmpty, isQuarantined(id, now: now) {
            // A whole call for one account: its caller pays for the rest.
            if let caller = requests[key]?.caller { fair.charge(accountsPerCall - 1, to: caller) }
            alone.append(id)
            accounts.reserve(id)
        } else if let ride = board(id) {
            rides.append(ride)
        }
    }

    /// Begins to fetch what the next turns will look at: each thing tells where the next one is.
    private mutating func prefetchTurns(_ count: Int) {
        let keys = (0..<count).compactMap { fair.upcoming(after: $0) }
        for key in keys { requests.prefetch(key) }
        for key in keys { requests.change(key) { $0.prefetchUpcoming() } }
        for key in keys {
            if let id = requests.change(key, { $0.upcoming }) ?? nil { accounts.prefetch(id) }
        }
    }

    /// The next account of a request that waits and may leave, and whether it is the last to be offered; nil if there is none.
    private mutating func nextWaiting(of key: RequestKey) -> (id: AccountID?, isLast: Bool) {
        while let (offered, isLast) = requests.change(key, { $0.offerNext() }) ?? nil {
            if let id = offered, accounts.waitsForTurn(key, for: id) { return (id, isLast) }
        }
        return (nil, true)
    }

    /// Whether somebody still waits for the account.
    func isWanted(_ ride: Ride) -> Bool { ride.waiters.contains { requests.contains($0) } }

    func isQuarantined(_ id: AccountID, now: Moment) -> Bool {
        guard let account = accounts.account(id) else { return false }
        return quarantine[account].map { $0 > now } ?? false
    }

    /// Takes all who wait for an account into a call.
    private mutating func board(_ id: AccountID) -> Ride? {
        guard let account = accounts.account(id), let waiters = accounts.takeWaiters(id) else { return nil }
        stopCounting(waiters)
        return Ride(account: account, id: id, waiters: waiters)
    }

    /// A suspect that nobody waited for in between has been forgotten, and is named anew.
    mutating func known(_ ride: Ride) -> Ride {
        if accounts.account(ride.id) != nil { return ride }
        var ride = ride
        ride.id = accounts.id(of: ride.account)
        ride.waiters.forEach { key, index in requests.change(key) { $0[id: index] = ride.id } }
        return ride
    }

    mutating func stopCounting(_ waiters: Waiters) {
        waiters.forEach { key, _ in
            let uid = requests.change(key) { request in
                request.waiting -= 1
                return request.caller.uid
            }
            if let uid { changeWaiting(by: -1, uid: uid) }
        }
    }
}

import Accounting
import AttributeValues
import DequeModule

extension CallScheduler {
    // MARK: Which call leaves

    /// Starts calls while they may leave and something waits.
    mutating func dispatch(now: Moment, _ actions: inout [Action]) {
        guard now < signedUntil else { return }
        while mayStart, calls.count < limits.inFlight, limiter.mayStart(at: now) {
            guard let load = nextLoad(now: now) else { break }
            actions.append(start(load, now: now))
        }
        if backlog == .unknown { limiter.callsWait(now: now) }
    }

    /// Whether it is worth looking for something that may leave.
    private var mayStart: Bool { backlog == .unknown || retries.hasRepeats || !gate.isUndoubted }

    /// The next call. The referee goes first, since all others wait for its answer; then what was lost on a dead connection; then the lanes
    /// in their order.
    private mutating func nextLoad(now: Moment) -> Load? {
        if gate.wantsReferee(at: now, patience: calls.doubtAfter), let load = referee() { return load }
        switch gate.admission {
        case .none: return nil
        case .test: return nextTest()
        case .any: return nextTest() ?? nextRepeat() ?? nextOfLanes(now: now)
        case .probe: return nextProbe(now: now)
        case .all: return nextRepeat() ?? nextOfLanes(now: now)
        }
    }

    /// When something may leave, apart from slots and the pacer; nil if nothing waits that may.
    func nextLoadDue(now: Moment) -> Moment? {
        if !mayStart { return backlog == .heldBack ? limiter.nextReturn : nil }
        if gate.wantsReferee(at: now, patience: calls.doubtAfter) {
            return gate.isOpen || isAnythingWaiting ? now : nil
        }
        switch gate.admission {
        case .none: break
        case .test: if lanes.hasTests(upTo: worstAdmitted) { return now }
        case .any: if lanes.hasTests(upTo: worstAdmitted) || backlog == .unknown { return now }
        case .probe: return backlog == .unknown ? now : nil
        case .all:
            if backlog == .unknown { return now }
            return backlog == .heldBack ? limiter.nextReturn : nil
        }
        return gate.refereeDue(patience: calls.doubtAfter)
    }

    private var isAnythingWaiting: Bool { accounts.waitedFor > 0 }

    private mutating func start(_ load: Load, now: Moment) -> Action {
        if load.rides.isEmpty { gate.refereeLeft(now: now) } else { gate.callLeft(now: now) }
        if case .test = load.purpose {
            counters.isolationCalls += 1
        }
        counters.started(accounts: load.rides.count)
        let key = calls.start(load, slot: limiter.start(in: load.lane, now: now), now: now)
        for place in load.rides.indices { accounts[rideOf: load.rides[place].id] = (key, Int32(place)) }
        if load.rides.isEmpty {
            counters.referees += 1
            return .startReferee(key, on: load.connection)
        }
        return .start(key, accounts: load.rides.map(\.account), on: load.connection)
    }

    /// After a loss or a silence, an idle connection may be dead.
    private func referee() -> Load? {
        guard gate.isOpen else { return isAnythingWaiting ? Load(rides: [], purpose: .probe, connection: .new) : nil }
        return Load(rides: [], connection: gate.needsNewConnection ? .new : .any)
    }

    private mutating func nextRepeat() -> Load? {
        while var load = retries.takeRepeat() {
            for ride in load.rides where !isWanted(ride) { forgetUnlessWanted(ride.id) }
            load.rides.removeAll { !isWanted($0) }
            if !load.rides.isEmpty {
                load.rides = load.rides.map { known($0) }
                return load
            }
            if case .test(let test) = load.purpose { dropTest(test) }
        }
        return nil
    }

    private mutating func nextTest() -> Load? {
        while let turn = lanes.nextTest(upTo: worstAdmitted) {
            if let load = take(turn, limit: accountsPerCall, now: .distantPast) { return load }
        }
        return nil
    }

    private mutating func nextOfLanes(now: Moment) -> Load? {
        if backlog != .unknown { return nil }
        let worst = worstAdmitted
        while let turn = lanes.next(upTo: worst) {
            if let load = take(turn, limit: accountsPerCall, now: now) { return load }
        }
        backlog = worst < .suspect ? .heldBack : .empty
        return nil
    }

    /// The worst lane of which a call may leave.
    private var worstAdmitted: Lane {
        min(
            calls.worstAdmitted(of: limits.inFlight),
            // A slot that is left unused is lost: without others there is no reason to.
            limiter.worstAdmitted(leavesSome: lanes.callers.lines.rememberedUsers > 1))
    }

    /// The probe asks for one account, so that its end says something about the upstream or about that account alone.
    private mutating func nextProbe(now: Moment) -> Load? {
        while let turn = lanes.next(upTo: .suspect) {
            if var load = take(turn, limit: 1, now: now) {
                load.purpose = .probe
                load.connection = .new
                return load
            }
        }
        backlog = .empty
        return nil
    }

    // MARK: What a call takes

    /// The call of a turn, which its principal pays for; nil if the turn comes to nothing.
    private mutating func take(_ turn: Lanes.Turn, limit: Int, now: Moment) -> Load? {
        guard var load = load(for: turn, limit: limit, now: now) else { return nil }
        lanes.took(turn)
        load.payer = turn.payer
        return load
    }

    private mutating func load(for turn: Lanes.Turn, limit: Int, now: Moment) -> Load? {
        switch turn {
        case .test(let test, let lane, _): return load(for: test, lane)
        case .clean: return merged(turn, .clean, limit: limit, now: now)
        case .besideOffender(let principal):
            return merged(turn, .besideOffender(principal: principal), limit: limit, now: now)
        case .suspects(let principal): return merged(turn, .suspects(principal: principal), limit: limit, now: now)
        case .alone:
            while let id = popReturned(turn) {
                if let ride = board(id) {
                    return Load(rides: [ride], connection: connection(for: [ride]), lane: .suspect)
                }
            }
            return nil
        }
    }

    private mutating func load(for test: TestKey, _ lane: Lane) -> Load? {
        let requests = requests
        var dropped: [Ride] = []
        let left = searches.leave(test, isWanted: { requests.isWanted($0) }, dropped: { dropped.append($0) })
        for ride in dropped { forgetUnlessWanted(ride.id) }
        queueTests()
        guard let (rides, failure) = left else { return nil }
        return Load(
            rides: rides.map { known($0) }, purpose: .test(test), connection: failure.needsNewConnection ? .new : .any,
            lane: lane)
    }

    private mutating func merged(
        _ turn: Lanes.Turn, _ source: CallerQueue.Source, limit: Int, now: Moment
    ) -> Load? {
        var rides: [Ride] = []
        if accounts.waitedFor > 0 { rides.reserveCapacity(min(limit, accounts.waitedFor)) }
        while rides.count < limit, let id = popReturned(turn) {
            if let ride = board(id) { rides.append(ride) }
        }
        fill(&rides, from: source, limit: limit, now: now)
        return rides.isEmpty ? nil : Load(rides: rides, connection: connection(for: rides), lane: source.lane)
    }

    /// Takes an account that goes first in a call of a lane, unless only clients wait for it that do not read.
    private mutating func popReturned(_ turn: Lanes.Turn) -> AccountID? {
        while let id = lanes.popReturned(turn) {
            guard lanes.callers.lines.hasPaused, waitsForReaders(id) else { return id }
            lanes.park(id, of: turn)
            // Another request for it, of a client that reads, takes it in its own turn.
            accounts.stopReserving(id)
        }
        return nil
    }

    /// Whether requests wait for an account, but only of clients that do not read.
    private func waitsForReaders(_ id: AccountID) -> Bool {
        guard let waiters = accounts.waiters(for: id) else { return false }
        return !waiters.contains { key in requests.line(of: key).map { !lanes.callers.lines.isPaused($0) } ?? false }
    }

    private mutating func fill(_ rides: inout [Ride], from source: CallerQueue.Source, limit: Int, now: Moment) {
        if source == .clean, lanes.callers.isCrowded { prefetchTurns(limit - rides.count) }
        lanes.callers.lines.rules.advanceWindow(to: now)
        var expected = 0.0
        while rides.count < limit, let key = head(of: source, now: now) {
            if case .suspects = source, let caller = requests[key]?.caller {
                // Small enough that most such calls succeed; a known offender is alone.
                expected += offences.rate(of: caller)
                if !rides.isEmpty, expected > OffenceLedger.expectedOffences { return }
            }
            // The only caller has all turns, and need not be looked for again before each.
            let turns = source == .clean && lanes.callers.isAloneWithoutLimit ? limit - rides.count : 1
            takeTurns(turns, of: key, source, &rides, now: now)
        }
    }

    private mutating func head(of source: CallerQueue.Source, now: Moment) -> RequestKey? {
        if source == .clean { return lanes.callers.cleanHead(now: now) }
        let offences = offences
        return lanes.callers.head(of: source, now: now) { offences.lane(of: $0) }
    }

    private mutating func takeTurns(
        _ count: Int, of key: RequestKey, _ source: CallerQueue.Source, _ rides: inout [Ride], now: Moment
    ) {
        for _ in 0..<count {
            let (next, isLast) = nextWaiting(of: key)
            if isLast { lanes.callers.dropHead(of: source) }
            if let next {
                lanes.callers.taken(from: source, now: now)
                take(next, of: key, source, &rides, now: now)
            }
            if isLast { return }
        }
    }

    private mutating func take(
        _ id: AccountID, of key: RequestKey, _ source: CallerQueue.Source, _ rides: inout [Ride], now: Moment
    ) {
        // Asked first, because it is nearly always so.
        if quarantine.isEmpty, source == .clean {
            if let ride = board(id) { rides.append(ride) }
            return
        }
        guard let principal = requests.caller(of: key)?.principal else { return }
        if isQuarantined(id, now: now) {
            accounts.reserve(id)
            lanes.addAlone(id, principal: principal)
        } else if accounts.lane(of: id) < source.lane {
            // Others wait for it whose company is better.
            accounts.reserve(id)
            lanes.addReturned(id, lane: accounts.lane(of: id), principal: principal)
        } else if let ride = board(id) {
            rides.append(ride)
        }
    }

    /// Begins to fetch what the next turns will look at: each thing leads to the next one.
    private mutating func prefetchTurns(_ count: Int) {
        let keys = (0..<count).compactMap { lanes.callers.upcoming(after: $0) }
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

    /// What was lost or timed out once goes on new connections.
    private func connection(for rides: [Ride]) -> ConnectionChoice {
        retries.needNewConnection(rides) ? .new : .any
    }

    /// Whether a request still waits for the account.
    func isWanted(_ ride: Ride) -> Bool { requests.isWanted(ride) }

    func isQuarantined(_ id: AccountID, now: Moment) -> Bool {
        guard let account = accounts.account(id) else { return false }
        return quarantine.contains(account, now: now)
    }

    /// The best lane of those who wait for an account.
    func lane(of ride: Ride) -> Lane {
        if offences.isEmpty { return .clean }
        var best = Lane.suspect
        ride.waiters.forEach { key, _ in
            if let caller = requests[key]?.caller { best = min(best, offences.lane(of: caller)) }
        }
        return best
    }

    /// Takes all who wait for an account into a call.
    private mutating func board(_ id: AccountID) -> Ride? {
        guard let account = accounts.account(id), let waiters = accounts.takeWaiters(id) else { return nil }
        stopCounting(waiters)
        return Ride(account: account, id: id, waiters: waiters)
    }

    /// A suspect that no request waited for in between has been forgotten, and is named anew.
    mutating func known(_ ride: Ride) -> Ride {
        if accounts.account(ride.id) != nil { return ride }
        var ride = ride
        ride.id = accounts.id(of: ride.account)
        ride.waiters.forEach { key, index in requests.change(key) { $0[id: index] = ride.id } }
        return ride
    }

    mutating func stopCounting(_ waiters: Waiters) {
        waiters.forEach { key, _ in requests.stopWaiting(key) }
    }
}

extension CallerQueue.Source {
    /// The lane of the callers whose accounts it gives.
    fileprivate var lane: Lane {
        switch self {
        case .clean: .clean
        case .besideOffender: .besideOffender
        case .suspects: .suspect
        }
    }
}

extension CallFailure {
    /// Whether the next attempt is to go on a new connection: an idle one may be dead in the same way.
    var needsNewConnection: Bool {
        switch kind {
        case .lost, .timedOut, .stale, .unusableAnswer: true
        default: false
        }
    }
}

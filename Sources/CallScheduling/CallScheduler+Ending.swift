import Accounting
import AttributeValues
import DequeModule
import HeapModule

extension CallScheduler {
    /// Begins to fetch what will be looked at when these accounts' call has ended.
    mutating func prefetch(_ rides: [Ride]) {
        // By place: to take each ride out would count references to its name up and down.
        for place in rides.indices {
            if let (key, _) = rides[place].waiters.only { requests.prefetch(key) }
        }
        for place in rides.indices {
            accounts.prefetch(rides[place].account.bytesHash)
            cache.prefetch(rides[place].account.bytesHash)
        }
        for place in rides.indices {
            if let (key, index) = rides[place].waiters.only { requests.change(key) { $0.prefetch(index) } }
        }
    }

    // MARK: Answers

    /// Upstream has answered a call with OK.
    mutating func answered(_ call: Call, _ answer: CallAnswer, now: Moment) {
        noteSuccess(of: call, acceptsCredential: true, now: now)
        if call.isReferees { return gate.refereeEndedWithoutVerdict() }
        var leftOut: [Ride] = []
        for place in call.rides.indices {
            let ride = call.rides[place]
            if !answer.unusable.isEmpty, let failure = answer.unusable[place] {
                blame(ride, failure, calls: 0, isRecorded: true, now: now)
            } else if !answer.isComplete, !answer.results.hasEntry(at: place) {
                leftOut.append(ride)
            } else {
                settle(ride, answer.results, at: place, asOf: call.leftAt)
            }
        }
        if call.rides.count == 1, leftOut.isEmpty, answer.unusable.isEmpty, !quarantine.isEmpty {
            quarantine.remove(call.rides[0].account)
        }
        if case .test(let test) = call.purpose { return testAnswered(test, leftOut, now: now) }
        if !leftOut.isEmpty { askAgain(leftOut, now: now) }
    }

    private mutating func testAnswered(_ test: TestKey, _ leftOut: [Ride], now: Moment) {
        guard leftOut.isEmpty else { return testFailed(test, leftOut, .leftOut, now: now) }
        guard var search = searches.removeValue(forKey: test.search) else { return }
        if let last = search.succeeded(test.number), isUpstreamSound(at: now) {
            separate(last.caller?.principal, now: now)
        }
        proceed(with: search, test.search)
    }

    /// Gives all requests that wait for an account its answer, and holds it for later ones.
    private mutating func settle(_ ride: Ride, _ found: AccountResults, at place: Int, asOf moment: Moment) {
        if !history.isEmpty { history[ride.id] = nil }
        cache.hold(found, at: place, for: ride.account, asOf: moment)
        if let (key, index) = ride.waiters.only {
            receive(found, at: place, for: key, index)
        } else {
            settle(ride.waiters, .answered(found, place: place))
        }
        forgetUnlessWanted(ride.id)
    }

    /// An answer may belong to another call, or an entry of it to one of these accounts: they are asked for once more, together.
    private mutating func askAgain(_ rides: [Ride], now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        if rides.contains(where: { history[$0.id]?.wasLeftOut == true }) {
            return failedAmbiguously(rides, .leftOut, now: now)
        }
        let rides = rides.map { known($0) }
        for ride in rides { note(.leftOut, of: ride, now, now: now) { $0.wasLeftOut = true } }
        repeats.append(Load(rides: rides, connection: .new))
        isStarved = false
    }

    // MARK: Failures

    mutating func failed(_ call: Call, _ key: CallKey, _ reported: CallFailure, now: Moment) {
        var failure = reported
        if case .overtaken = call.givenUp, failure.cause != .neverSent {
            failure.kind = .timedOut
            failure.message = "no answer, although calls that were made later have been answered"
        }
        if case .stale = failure.kind, !call.isRepeat { return repeatStale(call) }
        switch failure.cause {
        case .account:
            noteSuccess(of: call, acceptsCredential: true, now: now)
            if call.isReferees { return gate.refereeEndedWithoutVerdict() }
            accountFailed(call, failure, now: now)
        case .ambiguous, .stale: failedAmbiguously(call, failure, now: now)
        case .daemon:
            noteSuccess(of: call, acceptsCredential: false, now: now)
            if call.isReferees { gate.refereeEndedWithoutVerdict() }
            daemonFailed(call, failure, now: now)
        case .neverSent:
            // What was given up before it was sent says nothing about the network.
            if call.givenUp == nil { gate.neverSent(failure, now: now) }
            if call.isReferees { return gate.refereeEndedWithoutVerdict() }
            neverSent(call, failure, now: now)
        }
    }

    /// Upstream has given an answer that no failure of the upstream itself explains.
    private mutating func noteSuccess(of call: Call, acceptsCredential: Bool, now: Moment) {
        gate.succeeded(leftAt: call.leftAt, acceptsCredential: acceptsCredential, now: now)
        flights.answered(leftAt: call.leftAt, now: now)
    }

    /// The connection had been dead before: the same call is made once more, on a new one.
    private mutating func repeatStale(_ call: Call) {
        if call.isReferees { return gate.refereeEndedWithoutVerdict() }
        if stopDeadline != nil { return shutDown(call.rides) }
        counters.staleRepeats += 1
        let purpose: Call.Purpose = call.purpose == .probe ? .ordinary : call.purpose
        repeats.append(
            Load(
                rides: call.rides, purpose: purpose, connection: .new, lane: call.lane, isRepeat: true,
                payer: call.payer))
        isStarved = false
    }

    /// An account of the call is at fault, by upstream's own word.
    private mutating func accountFailed(_ call: Call, _ failure: CallFailure, now: Moment) {
        if case .test(let test) = call.purpose { return testFailed(test, call.rides, failure, now: now) }
        guard call.rides.count == 1 else { return divide(call.rides, failure, now: now) }
        blame(call.rides[0], failure, calls: 0, isRecorded: true, now: now)
    }

    private mutating func failedAmbiguously(_ call: Call, _ failure: CallFailure, now: Moment) {
        if call.isReferees { return gate.refereeFailed(failure, now: now) }
        gate.failedAmbiguously(failure, of: call.rides.map(\.account), leftAt: call.leftAt, now: now)
        guard gate.isOpen else { return fail(call.rides, asClosed: failure, now: now) }
        if case .test(let test) = call.purpose { return testFailed(test, call.rides, failure, now: now) }
        failedAmbiguously(call.rides, failure, now: now)
    }

    private mutating func failedAmbiguously(_ rides: [Ride], _ failure: CallFailure, now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        if rides.count == 1 { return failedAlone(rides[0], failure, calls: 0, now: now) }
        let isFresh = rides.allSatisfy { attempts(of: $0) < Self.failuresUntilBlamed }
        if gate.isFlapping(at: now), isFresh { return tryAgain(rides, failure, isAlone: false, now: now) }
        divide(rides, failure, now: now)
    }

    /// How often an account fails before it is blamed for an ambiguous failure, if others are answered meanwhile.
    static var failuresUntilBlamed: Int { 3 }

    /// A call for one account has failed in a way that the account or the upstream may have caused.
    private mutating func failedAlone(_ ride: Ride, _ failure: CallFailure, calls: Int, now: Moment) {
        if stopDeadline != nil { return shutDown([ride]) }
        let isFlapping = gate.isFlapping(at: now)
        let since = history[ride.id]?.since
        let othersSucceed = since.map { gate.hasSucceeded(since: $0) } ?? false
        let limit = othersSucceed && !isFlapping ? Self.failuresUntilBlamed : Backoff.maximumAttempts
        let isKnown = quarantine.contains(ride.account, now: now) || !failure.kind.isWorthRepeating
        if attempts(of: ride) < limit, !isKnown { return tryAgain([ride], failure, isAlone: true, now: now) }
        // While nothing else was answered, the account may be as innocent as all others.
        let isRecorded = !isFlapping && (othersSucceed || isKnown && gate.hasSucceededLately(at: now))
        blame(ride, failure, calls: calls, isRecorded: isRecorded, now: now)
    }

    /// Our credential, configuration or frequency.
    private mutating func daemonFailed(_ call: Call, _ failure: CallFailure, now: Moment) {
        switch failure.kind {
        case .credential, .signatureRefusedTooOften: gate.refused(failure, now: now)
        case .tooFrequent:
            if adaptation.refused(callStartedAt: call.leftAt, now: now) { counters.slowDowns += 1 }
        default: break
        }
        if call.isReferees { return }
        guard gate.isOpen else { return fail(call.rides + endSearch(of: call), asClosed: failure, now: now) }
        if stopDeadline != nil, failure.kind != .tooManyAccounts || call.rides.count > 1 { return shutDown(call.rides) }
        if case .test(let test) = call.purpose, failure.kind == .tooFrequent {
            return repeatTest(test, call.rides, failure)
        }
        let rest = endSearch(of: call)
        let rides = call.rides + rest
        switch failure.kind {
        case .tooManyAccounts:
            if call.rides.count == 1 { fail(call.rides, failure) } else { divideCalls(inCall: call.rides.count) }
            for ride in call.rides.count == 1 ? rest : rides {
                if let id = wait(ride) { addReturned(id) }
            }
        case .signatureExpired: renewed(rides, failure, callStartedAt: call.leftAt, now: now)
        case .tooFrequent: tryAgain(rides, failure, isAlone: false, now: now)
        default: fail(rides, failure)
        }
    }

    private mutating func neverSent(_ call: Call, _ failure: CallFailure, now: Moment) {
        guard gate.isOpen else { return fail(call.rides, asClosed: failure, now: now) }
        if stopDeadline != nil { return shutDown(call.rides) }
        if failure.kind == .certificate { return fail(call.rides + endSearch(of: call), failure) }
        if case .test(let test) = call.purpose { return repeatTest(test, call.rides, failure) }
        tryAgain(call.rides, failure, isAlone: false, now: now)
    }

    /// Everyone is answered with why the gate is closed, and when it may open; also those whose call closed it.
    private mutating func fail(_ rides: [Ride], asClosed failure: CallFailure, now: Moment) {
        var closed = gate.failure(now: now, earliest: earliestStart(now: now)) ?? failure
        closed.call = failure.call
        fail(rides, closed)
    }

    mutating func fail(_ rides: [Ride], _ failure: CallFailure) {
        for ride in rides {
            var failure = failure
            failure.attempts = (history.removeValue(forKey: ride.id)?.failure.attempts ?? 0) + 1
            settle(ride.waiters, .failed(failure))
            forgetUnlessWanted(ride.id)
        }
    }

    /// The gate is closed: no request waits any longer, and each is answered with when it may open.
    mutating func refuseWaiting(now: Moment) {
        guard stopDeadline == nil, let failure = gate.failure(now: now, earliest: earliestStart(now: now)) else {
            return
        }
        var rides: [Ride] = []
        for number in searches.keys.sorted() { rides += searches.removeValue(forKey: number)?.waiting ?? [] }
        lanes.removeTests()
        while let load = repeats.popFirst() { rides += load.rides }
        for ride in rides {
            settle(ride.waiters, .failed(failure))
            forgetUnlessWanted(ride.id)
        }
        beginSweep(.closed)
    }

    // MARK: Trying again

    private mutating func tryAgain(_ rides: [Ride], _ failure: CallFailure, isAlone: Bool, now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        // Who joined a call later has had fewer attempts than others in it.
        // An upstream that fails wholly is spared retries by the gate.
        guard gate.isOpen else { return fail(rides, asClosed: failure, now: now) }
        let tired = rides.filter { attempts(of: $0) >= Backoff.maximumAttempts }
        let rest = rides.filter { attempts(of: $0) < Backoff.maximumAttempts }
        fail(tired, failure)
        guard rest.contains(where: isWanted) else {
            for ride in rest { forgetUnlessWanted(ride.id) }
            return
        }
        counters.retries += 1
        let due = now + Backoff.delay(attempts: rest.map(attempts).max() ?? 1, using: &numbers)
        let accounts = putBack(rest, failure, notBefore: due, now: now)
        if !accounts.isEmpty { retries.insert(RetryGroup(due: due, accounts: accounts, isAlone: isAlone)) }
    }

    /// Calls that an account has been in and that failed, the one that has just failed included.
    private func attempts(of ride: Ride) -> Int { (history[ride.id]?.failure.attempts ?? 0) + 1 }

    /// The UserSig has expired: once, the same accounts go again with a new one.
    private mutating func renewed(_ rides: [Ride], _ failure: CallFailure, callStartedAt start: Moment, now: Moment) {
        // A call that left before the new one was made says nothing about it.
        if rides.contains(where: { history[$0.id]?.renewedAt.map { $0 <= start } ?? false }) {
            var failure = failure
            failure.message += "; a new one is refused too: is the clock right?"
            gate.refused(failure, now: now)
            return fail(rides, asClosed: failure, now: now)
        }
        counters.renewals += 1
        for id in putBack(rides, failure, notBefore: now, renewedAt: now, now: now) { addReturned(id) }
    }

    /// Upstream takes fewer accounts in a call than this one had.
    private mutating func divideCalls(inCall count: Int) { accountsPerCall = min(accountsPerCall, count / 2) }

    private mutating func putBack(
        _ rides: [Ride], _ failure: CallFailure, notBefore: Moment, renewedAt: Moment? = nil, now: Moment
    ) -> [AccountID] {
        rides.compactMap { ride in
            let past = history[ride.id]
            guard let id = wait(ride) else { return nil }
            history[id] = past
            let ride = Ride(account: ride.account, id: id, waiters: ride.waiters)
            note(failure, of: ride, notBefore, isOwn: rides.count == 1, now: now) {
                if let renewedAt { $0.renewedAt = renewedAt }
            }
            return id
        }
    }

    /// Notes a failure of an account that is asked for again.
    private mutating func note(
        _ failure: CallFailure, of ride: Ride, _ notBefore: Moment, isOwn: Bool = false, now: Moment,
        _ change: (inout History) -> Void = { _ in }
    ) {
        // A call for the same account may have ended in between, and the account been forgotten.
        guard accounts.account(ride.id) != nil else { return }
        var failure = failure
        failure.attempts = attempts(of: ride)
        var entry = history[ride.id] ?? History(failure: failure, since: now, notBefore: notBefore)
        entry.failure = failure
        entry.notBefore = notBefore
        entry.isOwn = isOwn || failure.cause == .daemon || failure.cause == .neverSent
        change(&entry)
        history[ride.id] = entry
    }

    /// Puts those who still want an account back to those who wait for it. A lane has to bring it back.
    /// - Returns: Its name, if it is wanted.
    private mutating func wait(_ ride: Ride) -> AccountID? {
        guard isWanted(ride) else {
            forgetUnlessWanted(ride.id)
            return nil
        }
        let ride = known(ride)
        var lane = Lane.suspect
        var waiters = ride.waiters
        // Taken as a whole, because a hundred thousand may wait.
        let isAnyLeft = waiters.removeAll { key, index in
            guard let caller = requests.waitAgain(key, for: index) else { return true }
            if lane > .clean { lane = min(lane, offences.lane(of: caller)) }
            return false
        }
        guard isAnyLeft else {
            forgetUnlessWanted(ride.id)
            return nil
        }
        waiting += waiters.count
        accounts.wait(waiters, for: ride.id, lane: lane)
        accounts.reserve(ride.id)
        isStarved = false
        return ride.id
    }

    /// Lets an account that waits go first in the next call of its lane, or in a call of its own.
    mutating func addReturned(_ id: AccountID, isAlone: Bool = false) {
        guard let payer = payer(of: id) else { return }
        if isAlone {
            lanes.addAlone(id, principal: payer)
        } else {
            lanes.addReturned(id, lane: accounts.lane(of: id), principal: payer)
        }
        isStarved = false
    }

    /// Who pays for an account's own calls: the principal of the first request that waits for it.
    private func payer(of id: AccountID) -> Principal? {
        accounts.firstWaiter(for: id).flatMap { requests.caller(of: $0)?.principal }
    }

    /// Lets those leave whose wait before a retry is over.
    mutating func releaseRetries(now: Moment) {
        while let group = retries.min, group.due <= now {
            retries.removeMin()
            for id in group.accounts where (history[id]?.notBefore ?? now) <= now && accounts.isReserved(id) {
                addReturned(id, isAlone: group.isAlone || isQuarantined(id, now: now))
            }
        }
    }

    // MARK: Searches

    private mutating func divide(_ rides: [Ride], _ failure: CallFailure, now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        let wanted = rides.filter(isWanted).map { known($0) }
        for ride in rides where !isWanted(ride) { forgetUnlessWanted(ride.id) }
        guard !wanted.isEmpty else { return }
        guard gate.isOpen else { return fail(wanted, asClosed: failure, now: now) }
        for ride in wanted { note(failure, of: ride, now, now: now) }
        counters.isolations += 1
        lastSearch += 1
        let search = OffenderSearch(
            suspects(of: wanted), failure: failure, hasLostSuspects: wanted.count < rides.count)
        proceed(with: search, lastSearch)
    }

    /// The accounts in the order in which they are tested: the likeliest offenders first, those of a caller together.
    private func suspects(of rides: [Ride]) -> [OffenderSearch.Suspect] {
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

    private mutating func testFailed(_ test: TestKey, _ rides: [Ride], _ failure: CallFailure, now: Moment) {
        guard var search = searches.removeValue(forKey: test.search) else {
            // The search was given up while the test was under way.
            guard failure.cause == .account else { return failedAmbiguously(rides, failure, now: now) }
            if rides.count > 1 { return divide(rides, failure, now: now) }
            return blame(rides[0], failure, calls: 0, isRecorded: true, now: now)
        }
        if isUpstreamSound(at: now) { separate(theOnlyPrincipal(of: rides), now: now) }
        let alone = search.failed(test.number, rides, failure)
        if let alone {
            if failure.cause == .account {
                blame(alone, failure, calls: search.calls, isRecorded: true, now: now)
            } else {
                failedAlone(alone, failure, calls: search.calls, now: now)
            }
        } else {
            for ride in rides { note(failure, of: ride, now, now: now) }
        }
        proceed(with: search, test.search)
    }

    /// The principal whose callers wait for these accounts, if there is just one.
    private func theOnlyPrincipal(of rides: [Ride]) -> Principal? {
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
    private func isUpstreamSound(at now: Moment) -> Bool { gate.isUndoubted && !gate.isFlapping(at: now) }

    /// An account of this principal is at fault, whichever it is: its calls leave by themselves from now on, so that no more calls of
    /// others fail with it.
    private mutating func separate(_ principal: Principal?, now: Moment) {
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
            offences.note(caller, earlierRides: lanes.callers.rides(of: caller), now: now)
        }
    }

    /// Whose accounts were in a call.
    private func callers(of call: Call) -> Set<CallerKey> {
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
    private mutating func repeatTest(_ test: TestKey, _ rides: [Ride], _ failure: CallFailure) {
        guard var search = searches.removeValue(forKey: test.search) else { return fail(rides, failure) }
        search.repeatTest(test.number, rides)
        proceed(with: search, test.search)
    }

    /// Queues the tests that follow, or ends the search.
    mutating func proceed(with search: OffenderSearch, _ number: Int) {
        var search = search
        if stopDeadline != nil { return shutDown(search.waiting) }
        for test in search.takeNewTests() { queue(TestKey(search: number, number: test), search.suspects(of: test)) }
        if !search.isOver { searches[number] = search }
    }

    private mutating func queue(_ test: TestKey, _ suspects: [OffenderSearch.Suspect]) {
        let best = suspects.map { lane(of: $0.ride) }.min() ?? .clean
        // While others ask for much, tests for offending principals only are as few as calls of suspects.
        let othersAsk = lanes.callers.cleanUsers > 0 || slots.heldByClean > slots.limit / 8
        let part = best > .clean && othersAsk ? Lane.suspect : best
        lanes.addTest(test, lane: part, principal: suspects.first?.caller?.principal)
        isStarved = false
    }

    /// The accounts of a test are not wanted any more.
    mutating func dropTest(_ test: TestKey) {
        guard var search = searches.removeValue(forKey: test.search) else { return }
        search.repeatTest(test.number, [])
        proceed(with: search, test.search)
    }

    /// Gives the search up that a call is a test of.
    /// - Returns: What of it is not in a call.
    private mutating func endSearch(of call: Call) -> [Ride] {
        guard case .test(let test) = call.purpose else { return [] }
        return searches.removeValue(forKey: test.search)?.waiting ?? []
    }

    /// An account is at fault: those who wait for it are answered with its failure, and pay for what it has cost.
    /// - Parameters:
    ///   - calls: What the search for it has cost.
    ///   - isRecorded: Whether it counts as an offence of theirs.
    private mutating func blame(_ ride: Ride, _ failure: CallFailure, calls: Int, isRecorded: Bool, now: Moment) {
        if isRecorded {
            var users: Set<Principal> = []
            var first: Principal?
            ride.waiters.forEach { key, _ in
                guard let caller = requests[key]?.caller else { return }
                if first == nil { first = caller.principal }
                offences.note(caller, earlierRides: lanes.callers.rides(of: caller), now: now)
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
                if requests.contains(key) { interrupted.append(key) }
            }
        }
    }

    // MARK: Silence

    /// Raises a doubt when calls are silent for too long, and gives up those that later ones have overtaken.
    mutating func watchFlights(now: Moment, _ actions: inout [Action]) {
        if let due = flights.doubtDue, due <= now { gate.callsAreSilent(now: now) }
        while let key = flights.takeOverdue(at: now) {
            guard let call = calls[key], call.givenUp == nil,
                call.rides.count > 1 || !call.rides.contains(where: isWanted)
            else { continue }
            self.calls[key]?.givenUp = .overtaken
            actions.append(.abandon(key))
        }
    }

    /// When ``watchFlights(now:_:)`` has something to do.
    var nextWatch: Moment? {
        let doubt = gate.isUndoubted ? flights.doubtDue : nil
        guard let overdue = flights.giveUpDue else { return doubt }
        return doubt.map { min($0, overdue) } ?? overdue
    }
}

extension CallFailure {
    /// An answer says nothing about an account, and has entries that belong to no account of the call.
    fileprivate static let leftOut = CallFailure(
        .unusableAnswer,
        message: "upstream's answer leaves the account out, and has entries that belong to no account of the call")
}

extension CallFailure.Kind {
    /// Whether a call for one account is repeated after an ambiguous failure.
    fileprivate var isWorthRepeating: Bool {
        switch self {
        case .redirect, .unknownCode: false
        default: true
        }
    }
}

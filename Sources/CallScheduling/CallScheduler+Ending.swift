import AttributeValues
import DequeModule
import HeapModule

extension CallScheduler {
    /// How long an account that was at fault leaves alone.
    static var quarantineTime: Duration { .seconds(60) }
    /// Accounts in quarantine, at most.
    static var maximumQuarantined: Int { 1024 }

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

    // MARK: Success

    mutating func succeeded(_ call: Call, _ found: AccountResults, now: Moment) {
        gate.answered(callStartedAt: call.leftAt, acceptsCredential: true)
        for place in call.rides.indices {
            if !history.isEmpty { history[call.rides[place].id] = nil }
            settle(call.rides[place], found, at: place, asOf: call.leftAt)
            forgetUnlessWanted(call.rides[place].id)
        }
        if !quarantine.isEmpty, call.rides.count == 1 { quarantine[call.rides[0].account] = nil }
        if let id = call.isolation, let step = isolations[id]?.testSucceeded() { follow(step, of: id, now: now) }
    }

    /// Gives everybody who waits for an account its answer, and holds it for those who will.
    private mutating func settle(_ ride: Ride, _ found: AccountResults, at place: Int, asOf moment: Moment) {
        cache.hold(found, at: place, for: ride.account, asOf: moment)
        ride.waiters.forEach { key, index in
            if requests.change(key, { $0.receive(found, at: place, for: index) }) == true { complete.append(key) }
        }
    }

    /// Tells everybody who waits for an account of its failure.
    private mutating func settle(_ waiters: Waiters, _ failure: CallFailure) {
        waiters.forEach { key, index in
            if requests.change(key, { $0.receive(failure, at: index) }) == true { complete.append(key) }
        }
    }

    // MARK: Failure

    mutating func failed(_ call: Call, _ failure: CallFailure, now: Moment) {
        if failure.cause == .account, let id = call.isolation, isolations[id] != nil {
            gate.answered(callStartedAt: call.leftAt, acceptsCredential: true)
            if let step = isolations[id]?.testFailed(failure) { follow(step, of: id, now: now) }
            return
        }
        // A test that fails for another reason says nothing of the suspects: all of them go the way of that failure.
        let rides = call.isolation.flatMap { endIsolation($0)?.remaining } ?? call.rides
        tellGate(failure, of: call, now: now)
        switch failure.kind {
        case .account, .unusableEntry: divide(rides, failure, now: now)
        case .tooManyAccounts: tooMany(rides, failure, inCall: call.rides.count)
        case .tooFrequent:
            if adaptation.refused(callStartedAt: call.leftAt, now: now) { counters.slowDowns += 1 }
            tryAgain(rides, failure, drawsOnBudget: false, now: now)
        case .temporary, .status, .lost, .timedOut, .neverSent, .stale:
            tryAgain(rides, failure, drawsOnBudget: true, now: now)
        case .signatureExpired: renewed(rides, failure, callStartedAt: call.leftAt, now: now)
        case .signatureRefusedTooOften, .credential, .unknownCode, .unusableAnswer, .redirect, .certificate:
            fail(rides, failure)
        }
    }

    private mutating func tellGate(_ failure: CallFailure, of call: Call, now: Moment) {
        switch failure.kind {
        case .account, .unusableEntry: gate.answered(callStartedAt: call.leftAt, acceptsCredential: true)
        case .tooManyAccounts, .tooFrequent, .signatureExpired, .unknownCode:
            gate.answered(callStartedAt: call.leftAt, acceptsCredential: false)
        case .temporary, .status, .redirect, .unusableAnswer, .lost, .timedOut, .neverSent, .certificate, .stale:
            gate.failed(failure, now: now)
        case .signatureRefusedTooOften, .credential: gate.refused(failure, now: now)
        }
    }

    mutating func fail(_ rides: [Ride], _ failure: CallFailure) {
        for ride in rides {
            var failure = failure
            failure.attempts = (history.removeValue(forKey: ride.id)?.failure.attempts ?? 0) + 1
            settle(ride.waiters, failure)
            forgetUnlessWanted(ride.id)
        }
    }

    /// Upstream is closed to everybody: nobody waits any longer, and everybody is told when it may open.
    mutating func failAllWaiting(now: Moment) {
        guard let failure = gate.failure(now: now) else { return }
        while let id = tests.popFirst() {
            for ride in endIsolation(id)?.remaining ?? [] {
                settle(ride.waiters, failure)
                forgetUnlessWanted(ride.id)
            }
        }
        // In a fixed order, so that every run of the same events is the same.
        let all = accounts.all.filter { $0.state.waiters != nil }
            .sorted { $0.state.account.utf8.lexicographicallyPrecedes($1.state.account.utf8) }
        for (id, _) in all {
            guard let waiters = accounts.takeWaiters(id) else { continue }
            var failure = failure
            failure.attempts = history[id]?.failure.attempts ?? 0
            stopCounting(waiters)
            settle(waiters, failure)
            forgetUnlessWanted(id)
        }
        retries = []
        returned = []
        aside = []
        alone = []
    }

    // MARK: Trying again

    private mutating func tryAgain(_ rides: [Ride], _ failure: CallFailure, drawsOnBudget: Bool, now: Moment) {
        guard stopDeadline == nil else { return shutDown(rides) }
        // Who joined a call later has had fewer attempts than others in it.
        let tired = rides.filter { attempts(of: $0) >= Backoff.maximumAttempts }
        let rest = rides.filter { attempts(of: $0) < Backoff.maximumAttempts }
        fail(tired, failure)
        guard rest.contains(where: isWanted) else {
            for ride in rest { forgetUnlessWanted(ride.id) }
            return
        }
        guard gate.isOpen, !drawsOnBudget || budget.take(now: now) else { return fail(rest, failure) }
        counters.retries += 1
        let due = now + Backoff.delay(attempts: rest.map(attempts).max() ?? 1, using: &numbers)
        retries.insert(RetryGroup(due: due, accounts: putBack(rest, failure, notBefore: due)))
    }

    /// Calls that an account has been in, the one that has just failed included.
    private func attempts(of ride: Ride) -> Int { (history[ride.id]?.failure.attempts ?? 0) + 1 }

    /// The UserSig has expired: once, the same accounts go again with a new one.
    private mutating func renewed(_ rides: [Ride], _ failure: CallFailure, callStartedAt start: Moment, now: Moment) {
        // A call that left before the new one was made says nothing of that.
        if rides.contains(where: { history[$0.id]?.renewedAt.map { $0 <= start } ?? false }) {
            var failure = failure
            failure.message += "; a new one is refused too: is the clock right?"
            gate.refused(failure, now: now)
            return fail(rides, failure)
        }
        guard stopDeadline == nil else { return shutDown(rides) }
        counters.renewals += 1
        returned.append(contentsOf: putBack(rides, failure, notBefore: now, renewedAt: now))
    }

    private mutating func tooMany(_ rides: [Ride], _ failure: CallFailure, inCall count: Int) {
        guard count > 1 else { return fail(rides, failure) }
        accountsPerCall = min(accountsPerCall, count / 2)
        guard stopDeadline == nil else { return shutDown(rides) }
        for ride in rides {
            if let id = wait(ride) { returned.append(id) }
        }
    }

    private mutating func putBack(
        _ rides: [Ride], _ failure: CallFailure, notBefore: Moment, renewedAt: Moment? = nil
    ) -> [AccountID] {
        rides.compactMap { ride in
            let past = history[ride.id]
            guard let id = wait(ride) else { return nil }
            var failure = failure
            failure.attempts = (past?.failure.attempts ?? 0) + 1
            history[id] = History(
                failure: failure, notBefore: notBefore, renewedAt: renewedAt ?? past?.renewedAt)
            return id
        }
    }

    /// Puts those who still want an account back to those who wait for it. A lane has to bring it back.
    /// - Returns: Its name, if anybody does.
    private mutating func wait(_ ride: Ride) -> AccountID? {
        guard isWanted(ride) else {
            forgetUnlessWanted(ride.id)
            return nil
        }
        let ride = known(ride)
        var anybody = false
        ride.waiters.forEach { key, index in
            guard let request = requests[key], request.isOpen(index) else { return }
            anybody = true
            accounts.wait(key, for: ride.id, at: index)
            requests.change(key) { $0.waiting += 1 }
            changeWaiting(by: 1, uid: request.caller.uid)
        }
        guard anybody else {
            forgetUnlessWanted(ride.id)
            return nil
        }
        accounts.reserve(ride.id)
        isStarved = false
        return ride.id
    }

    /// Lets those go first in the next call whose wait before a retry is over.
    mutating func releaseRetries(now: Moment) {
        while let group = retries.min, group.due <= now {
            retries.removeMin()
            for id in group.accounts where (history[id]?.notBefore ?? now) <= now {
                if isQuarantined(id, now: now) { alone.append(id) } else { returned.append(id) }
            }
            isStarved = false
        }
    }

    // MARK: Dividing

    private mutating func divide(_ rides: [Ride], _ failure: CallFailure, now: Moment) {
        guard rides.count > 1 else { return blame(rides, failure, calls: 0, now: now) }
        guard stopDeadline == nil else { return shutDown(rides) }
        counters.isolations += 1
        lastIsolation += 1
        isolations[lastIsolation] = Isolation(rides, failure: failure)
        tests.append(lastIsolation)
        isStarved = false
    }

    private mutating func follow(_ step: Isolation.Step, of id: Int, now: Moment) {
        guard let isolation = isolations[id] else { return }
        if stopDeadline != nil {
            endIsolation(id)
            shutDown(step.aside + isolation.remaining)
            return fail(step.failed, isolation.failure)
        }
        for ride in step.aside {
            guard let account = wait(ride) else { continue }
            aside.append(account)
            asideOf[id, default: []].append(account)
        }
        if step.foundOffender {
            blame(step.failed, isolation.failure, calls: isolation.calls, now: now)
        } else {
            fail(step.failed, isolation.failure)
        }
        if isolation.isOver {
            endIsolation(id)
        } else {
            tests.append(id)
            isStarved = false
        }
    }

    /// Ends a search; what was put aside needs no other call to ride in any more.
    @discardableResult
    mutating func endIsolation(_ id: Int) -> Isolation? {
        if let accounts = asideOf.removeValue(forKey: id) {
            let set = Set(accounts)
            aside.removeAll { set.contains($0) }
            returned.append(contentsOf: accounts)
            isStarved = false
        }
        return isolations.removeValue(forKey: id)
    }

    /// Gives a search up; those who are still waited for go again together.
    mutating func putBackSuspects(of id: Int) {
        for ride in endIsolation(id)?.remaining ?? [] {
            if let account = wait(ride) { returned.append(account) }
        }
    }

    /// The account at fault is told so, and its caller pays for what the search has cost the others.
    private mutating func blame(_ rides: [Ride], _ failure: CallFailure, calls: Int, now: Moment) {
        for ride in rides {
            if quarantine.count >= Self.maximumQuarantined { quarantine = quarantine.filter { $0.value > now } }
            if quarantine.count < Self.maximumQuarantined {
                quarantine[ride.account] = now + Self.quarantineTime
            }
            if calls > 0, let key = ride.waiters.first(where: { requests.contains($0) }),
                let caller = requests[key]?.caller
            {
                fair.charge(calls * accountsPerCall, to: caller)
            }
        }
        fail(rides, failure)
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
}

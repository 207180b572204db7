import AttributeValues
import DequeModule
import HeapModule

extension CallScheduler {
    /// How long an account that was at fault leaves alone.
    static var quarantineTime: Duration { .seconds(60) }
    /// Accounts in quarantine, at most.
    static var maximumQuarantined: Int { 1024 }

    // MARK: Success

    mutating func succeeded(_ call: Call, _ found: [AccountAnswer], now: Moment) {
        gate.answered(callStartedAt: call.leftAt, acceptsCredential: true)
        for (place, ride) in call.rides.enumerated() {
            let answer = place < found.count ? found[place] : .missing
            cache.hold(answer, for: ride.account, asOf: call.leftAt)
            history[ride.account] = nil
            settle(ride.waiters, .success(answer))
        }
        if call.rides.count == 1, let account = call.rides.first?.account { quarantine[account] = nil }
        if let id = call.isolation, let step = isolations[id]?.testSucceeded() { follow(step, of: id, now: now) }
    }

    /// Gives everybody who waits for an account its result.
    private mutating func settle(_ waiters: Waiters, _ result: Result<AccountAnswer, CallFailure>) {
        waiters.forEach { key, index in
            guard requests[key] != nil else { return }
            requests[key]?.receive(result, at: index)
            if requests[key]?.isComplete == true { complete.append(key) }
        }
    }

    // MARK: Failure

    mutating func failed(_ call: Call, _ failure: CallFailure, now: Moment) {
        if failure.reaction == .accountAtFault, let id = call.isolation, isolations[id] != nil {
            gate.answered(callStartedAt: call.leftAt, acceptsCredential: true)
            if let step = isolations[id]?.testFailed(failure) { follow(step, of: id, now: now) }
            return
        }
        // A test that fails for another reason says nothing of the suspects: all of them go the way of that failure.
        let rides = call.isolation.flatMap { endIsolation($0)?.remaining } ?? call.rides
        tellGate(failure, of: call, now: now)
        switch failure.reaction {
        case .accountAtFault: divide(rides, failure, now: now)
        case .tooManyAccounts: tooMany(rides, failure, inCall: call.rides.count)
        case .slowDown:
            if adaptation.refused(callStartedAt: call.leftAt, now: now) { counters.slowDowns += 1 }
            tryAgain(rides, failure, drawsOnBudget: false, now: now)
        case .retry: tryAgain(rides, failure, drawsOnBudget: true, now: now)
        case .renewSignature: renewed(rides, failure, callStartedAt: call.leftAt, now: now)
        case .pause, .misconfigured, .unknown, .unusableAnswer: fail(rides, failure)
        }
    }

    private mutating func tellGate(_ failure: CallFailure, of call: Call, now: Moment) {
        switch failure.reaction {
        case .accountAtFault: gate.answered(callStartedAt: call.leftAt, acceptsCredential: true)
        case .tooManyAccounts, .slowDown, .renewSignature, .unknown:
            gate.answered(callStartedAt: call.leftAt, acceptsCredential: false)
        case .retry, .unusableAnswer: gate.failed(failure, now: now)
        case .pause, .misconfigured: gate.refused(failure, now: now)
        }
    }

    mutating func fail(_ rides: [Ride], _ failure: CallFailure) {
        for ride in rides {
            var failure = failure
            failure.attempts = (history.removeValue(forKey: ride.account)?.failure.attempts ?? 0) + 1
            settle(ride.waiters, .failure(failure))
        }
    }

    /// Upstream is closed to everybody: nobody waits any longer, and everybody is told when it may open.
    mutating func failAllWaiting(now: Moment) {
        guard let failure = gate.failure(now: now) else { return }
        while let id = tests.popFirst() {
            for ride in endIsolation(id)?.remaining ?? [] {
                settle(ride.waiters, .failure(failure))
                forgetUnlessWanted(ride.account)
            }
        }
        // In a fixed order, so that every run of the same events is the same.
        let all = waitingFor.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        waitingFor = [:]
        reserved = []
        for (account, waiters) in all {
            var failure = failure
            failure.attempts = history[account]?.failure.attempts ?? 0
            stopCounting(waiters)
            settle(waiters, .failure(failure))
            forgetUnlessWanted(account)
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
            for ride in rest { forgetUnlessWanted(ride.account) }
            return
        }
        guard gate.isOpen, !drawsOnBudget || budget.take(now: now) else { return fail(rest, failure) }
        counters.retries += 1
        let due = now + Backoff.delay(attempts: rest.map(attempts).max() ?? 1, using: &numbers)
        putBack(rest, failure, notBefore: due)
        retries.insert(RetryGroup(due: due, accounts: rest.map(\.account)))
    }

    /// Calls that an account has been in, the one that has just failed included.
    private func attempts(of ride: Ride) -> Int { (history[ride.account]?.failure.attempts ?? 0) + 1 }

    /// The UserSig has expired: once, the same accounts go again with a new one.
    private mutating func renewed(_ rides: [Ride], _ failure: CallFailure, callStartedAt start: Moment, now: Moment) {
        // A call that left before the new one was made says nothing of that.
        if rides.contains(where: { history[$0.account]?.renewedAt.map { $0 <= start } ?? false }) {
            var failure = failure
            failure.message += "; a new one is refused too: is the clock right?"
            gate.refused(failure, now: now)
            return fail(rides, failure)
        }
        guard stopDeadline == nil else { return shutDown(rides) }
        counters.renewals += 1
        putBack(rides, failure, notBefore: now, renewedAt: now)
        returned.append(contentsOf: rides.map(\.account))
    }

    private mutating func tooMany(_ rides: [Ride], _ failure: CallFailure, inCall count: Int) {
        guard count > 1 else { return fail(rides, failure) }
        accountsPerCall = min(accountsPerCall, count / 2)
        guard stopDeadline == nil else { return shutDown(rides) }
        for ride in rides { wait(ride) }
        returned.append(contentsOf: rides.map(\.account))
    }

    private mutating func putBack(
        _ rides: [Ride], _ failure: CallFailure, notBefore: Moment, renewedAt: Moment? = nil
    ) {
        for ride in rides where wait(ride) {
            var failure = failure
            failure.attempts = attempts(of: ride)
            history[ride.account] = History(
                failure: failure, notBefore: notBefore, renewedAt: renewedAt ?? history[ride.account]?.renewedAt)
        }
    }

    /// Puts those who still want an account back to those who wait for it. A lane has to bring it back.
    /// - Returns: Whether anybody does.
    @discardableResult
    private mutating func wait(_ ride: Ride) -> Bool {
        var anybody = false
        ride.waiters.forEach { key, index in
            guard let request = requests[key], request.isOpen(index) else { return }
            anybody = true
            if waitingFor[ride.account]?.add(key, index: index) == nil {
                waitingFor[ride.account] = Waiters(key, index: index)
            }
            requests[key]?.waiting += 1
            changeWaiting(by: 1, uid: request.caller.uid)
        }
        if anybody {
            reserved.insert(ride.account)
            isStarved = false
        } else {
            forgetUnlessWanted(ride.account)
        }
        return anybody
    }

    /// Lets those go first in the next call whose wait before a retry is over.
    mutating func releaseRetries(now: Moment) {
        while let group = retries.min, group.due <= now {
            retries.removeMin()
            for account in group.accounts where (history[account]?.notBefore ?? now) <= now {
                if isQuarantined(account, now: now) { alone.append(account) } else { returned.append(account) }
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
        for ride in step.aside where wait(ride) {
            aside.append(ride.account)
            asideOf[id, default: []].append(ride.account)
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
        for ride in endIsolation(id)?.remaining ?? [] where wait(ride) { returned.append(ride.account) }
    }

    /// The account at fault is told so, and its caller pays for what the search has cost the others.
    private mutating func blame(_ rides: [Ride], _ failure: CallFailure, calls: Int, now: Moment) {
        for ride in rides {
            if quarantine.count >= Self.maximumQuarantined { quarantine = quarantine.filter { $0.value > now } }
            if quarantine.count < Self.maximumQuarantined { quarantine[ride.account] = now + Self.quarantineTime }
            if calls > 0, let key = ride.waiters.first(where: { requests[$0] != nil }),
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
            forgetUnlessWanted(ride.account)
            ride.waiters.forEach { key, _ in
                if requests[key] != nil { interrupted.append(key) }
            }
        }
    }
}

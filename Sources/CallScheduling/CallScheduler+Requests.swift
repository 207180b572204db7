import AttributeValues

/// How requests come in, wait and go.
extension CallScheduler {
    /// How many accounts of a request are put into the tables while one is fetched: enough for memory to come, few enough to stay.
    static var prefetchDistance: Int { 16 }

    mutating func advance(to now: Moment) {
        let marked = slots.heldMarked
        slots.advance(to: now)
        if suspectsWait, slots.heldMarked < marked { isStarved = false }
        if !offences.isEmpty {
            for uid in offences.advance(to: now) { lanes.unite(uid) }
        }
        let limit = adaptation.limit(at: now)
        if limit != slots.limit {
            slots.limit = limit
            pacer.rate = limit
        }
        deadlines.clearOut(keeping: requests)
    }

    /// Why a request cannot be taken, or nil.
    mutating func refusal(of count: Int, _ request: WaitingRequest, now: Moment) -> RequestOutcome? {
        if stopDeadline != nil {
            return request.partly(.shuttingDown) ?? .shuttingDown(fetched: request.fetched)
        }
        if open + request.charged > limits.queuedAccounts { return overloaded(.all(limits.queuedAccounts)) }
        if openByUID[request.caller.uid] + request.charged > limits.queuedAccountsPerUID {
            return overloaded(.perUID(limits.queuedAccountsPerUID))
        }
        let calls = (count + accountsPerCall - 1) / accountsPerCall
        let credit = roundTrips.lowerBound(now: now)
        let earliest = max(
            pacer.earliestStart(of: calls, now: now), slots.earliestStart(of: calls, now: now, credit: credit))
        guard earliest < request.deadline else {
            return request.partly(.deadlineExceeded)
                ?? .deadlineExceeded(fetched: request.fetched, retryAfter: earliest - now)
        }
        // Asked last, because it lets a probe in.
        return count == 0 ? nil : gate.refusal(now: now, earliest: earliest).map { request.failed(with: $0) }
    }

    /// When a call could leave, as far as the limiter knows.
    mutating func earliestStart(now: Moment) -> Moment {
        max(
            pacer.earliestStart(now: now),
            slots.earliestStart(of: 1, now: now, credit: roundTrips.lowerBound(now: now)))
    }

    /// A caller's lane. A connection that asks for the first time starts with its user's record.
    mutating func meet(_ caller: CallerKey) -> Lane {
        if offences.isEmpty { return .clean }
        if !lanes.callers.knows(caller) { offences.meet(caller) }
        return offences.lane(of: caller)
    }

    /// Fails those accounts of a request that are not to be asked for yet.
    /// - Returns: Whether the request is complete.
    mutating func receiveResting(_ request: inout WaitingRequest, now: Moment) -> Bool {
        for index in request.accounts.indices where request.isOpen(index) {
            guard let failure = quarantine.restingFailure(of: request.accounts[index], now: now) else { continue }
            request.receive(failure, at: index)
        }
        return request.isComplete
    }

    private func overloaded(_ limit: QueueLimit) -> RequestOutcome {
        .overloaded(limit, retryAfter: pacer.spacing * (accounts.waitedFor / accountsPerCall + 1))
    }

    /// The answers that are held, and the indices of those accounts for which none is.
    mutating func heldAnswers(
        for accounts: [Account], maxAge: Duration, now: Moment
    ) -> (found: AccountResults, missed: [Int]) {
        var found = AccountResults()
        var missed: [Int] = []
        for index in accounts.indices {
            if !cache.appendAnswer(to: &found, for: accounts[index], maxAge: maxAge, now: now) { missed.append(index) }
        }
        return (found, missed)
    }

    /// The indices of those accounts that are under way in calls which left lately enough.
    func joinable(_ request: WaitingRequest, maxAge: Duration, now: Moment) -> Set<Int> {
        let indices = request.accounts.indices.filter { index in
            guard request.isOpen(index), let id = accounts.known(request.accounts[index]),
                let call = accounts[rideOf: id]?.call, let leftAt = calls[call]?.leftAt
            else { return false }
            return now - leftAt <= maxAge
        }
        return Set(indices)
    }

    /// A request that does not have to wait ends with this outcome.
    mutating func refuse(_ key: RequestKey, _ outcome: RequestOutcome) -> RequestOutcome {
        requests.remove(key)
        return counted(outcome)
    }

    mutating func expire(now: Moment, _ actions: inout [Action]) {
        while let key = deadlines.popExpired(at: now, in: requests), let expired = requests[key] {
            // Where an attempt has failed before, that is what the caller can do something about.
            let failures = expired.accounts.indices.compactMap { index -> (index: Int, failure: CallFailure)? in
                guard !history.isEmpty, expired.isOpen(index), let id = expired[id: index], let past = history[id],
                    past.isOwn
                else { return nil }
                return (index, past.failure)
            }
            guard var request = remove(key) else { continue }
            for (index, failure) in failures { request.receive(failure, at: index) }
            let outcome =
                request.partly(.deadlineExceeded)
                ?? (request.hasFailures
                    ? request.outcome : .deadlineExceeded(fetched: request.fetched, retryAfter: nil))
            actions.append(finish(key, outcome))
        }
    }

    /// Takes a request out, and all its waiting.
    @discardableResult
    mutating func remove(_ key: RequestKey) -> WaitingRequest? {
        guard let request = requests.remove(key) else { return nil }
        waiting -= request.waiting
        open -= request.charged
        openByUID.change(by: -request.charged, uid: request.caller.uid)
        if !request.isComplete {
            for index in request.accounts.indices where request.isOpen(index) {
                if let id = request[id: index] { stopWaiting(key, for: id) }
            }
        }
        let requests = requests
        lanes.callers.ended(request.caller) { requests.contains($0) }
        return request
    }

    mutating func stopWaiting(_ key: RequestKey, for id: AccountID) {
        if accounts.waits(key, for: id) {
            if accounts.stopWaiting(key, for: id) { forgetUnlessWanted(id) }
        } else if let (call, place) = accounts[rideOf: id],
            calls[call]?.rides[Int(place)].waiters.contains(key) == true
        {
            // The call runs to its end; only the list of those to tell stays short.
            _ = calls[call]?.rides[Int(place)].waiters.remove(key)
        }
    }

    /// Drops what is known of an account, once nobody waits for it and no call has it.
    mutating func forgetUnlessWanted(_ id: AccountID) {
        if accounts.forgetUnlessWanted(id), !history.isEmpty { history[id] = nil }
    }

    mutating func finish(_ key: RequestKey, _ outcome: RequestOutcome) -> Action {
        .finish(key, counted(outcome))
    }

    mutating func counted(_ outcome: RequestOutcome) -> RequestOutcome {
        counters.count(outcome)
        return outcome
    }

    /// Answers the requests that have become complete.
    mutating func finishComplete(_ actions: inout [Action]) {
        if complete.isEmpty { return }
        for key in complete {
            if let request = remove(key) { actions.append(finish(key, request.outcome)) }
        }
        complete.removeAll(keepingCapacity: true)
    }
}

import AttributeValues

/// How requests come in, wait and go.
extension CallScheduler {
    /// How many accounts of a request are put into the tables while one is fetched: enough for memory to come, few enough to stay.
    static var prefetchDistance: Int { 16 }

    mutating func advance(to now: Moment) {
        if limiter.advance(to: now), backlog == .heldBack { backlog = .unknown }
        if lanes.callers.lines.rules.release(at: now) { backlog = .unknown }
        if !offences.isEmpty {
            for principal in offences.advance(to: now) { lanes.unite(principal) }
        }
        if deadlines.isSparse(beside: requests.count) { deadlines.clearOut(keeping: requests) }
        if arrivals.isSparse(beside: requests.count) { arrivals.clearOut(keeping: requests) }
    }

    /// Why a request cannot be taken, or nil.
    mutating func refusal(of count: Int, _ request: WaitingRequest, now: Moment) -> RequestOutcome? {
        if stopDeadline != nil {
            return request.partly(.shuttingDown) ?? .shuttingDown(fetched: request.fetched)
        }
        if let limit = lanes.callers.lines.open(request.accounts.count, in: request.line) {
            return overloaded(limit, request, now: now)
        }
        guard let refusal = refusalOfOpen(request, wanted: count, now: now) else { return nil }
        close(request)
        return refusal
    }

    /// Why a request cannot be taken for which there is room, or nil.
    private mutating func refusalOfOpen(_ request: WaitingRequest, wanted count: Int, now: Moment) -> RequestOutcome? {
        let calls = (count + accountsPerCall - 1) / accountsPerCall
        let rule = lanes.callers.lines.rule(of: request.line)
        let earliest = max(
            limiter.earliestStart(of: calls, now: now),
            lanes.callers.lines.rules.earliest(of: count, in: rule, now: now))
        guard earliest < request.deadline else {
            return request.partly(.deadlineExceeded)
                ?? .deadlineExceeded(fetched: request.fetched, retryAfter: earliest - now)
        }
        // Asked last, because it lets a probe in.
        return count == 0 ? nil : gate.refusal(now: now, earliest: earliest).map { request.failed(with: $0) }
    }

    /// The place of a caller's line. A connection that asks for the first time starts with its principal's record.
    mutating func line(of caller: CallerKey) -> Int {
        if !offences.isEmpty, !lanes.callers.lines.knows(caller) { offences.meet(caller) }
        return lanes.callers.lines.line(of: caller)
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

    /// How a request ends because of a limit on waiting accounts.
    func overloaded(_ limit: QueueLimit, _ request: WaitingRequest, now: Moment) -> RequestOutcome {
        var retryAfter = limiter.spacing * (accounts.waitedFor / accountsPerCall + 1)
        if case .perRule = limit {
            let rule = lanes.callers.lines.rule(of: request.line)
            let due = lanes.callers.lines.rules.earliest(of: request.accounts.count, in: rule, now: now)
            retryAfter = max(retryAfter, due - now)
        }
        return request.partly(.overloaded(limit, retryAfter: retryAfter)) ?? .overloaded(limit, retryAfter: retryAfter)
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

    /// Takes a request out, and all its waiting.
    @discardableResult
    mutating func remove(_ key: RequestKey) -> WaitingRequest? {
        guard let request = requests.remove(key) else { return nil }
        if !request.isComplete {
            for index in request.accounts.indices where request.isOpen(index) {
                if let id = request[id: index] { stopWaiting(key, of: request.caller, for: id) }
            }
        }
        close(request)
        return request
    }

    private mutating func close(_ request: WaitingRequest) {
        let requests = requests
        lanes.callers.lines.close(request.accounts.count, in: request.line) { requests.contains($0) }
    }

    mutating func stopWaiting(_ key: RequestKey, of caller: CallerKey, for id: AccountID) {
        if accounts.waits(key, for: id) {
            if accounts.stopWaiting(key, for: id) { forgetUnlessWanted(id) }
        } else if let (call, place) = accounts[rideOf: id] {
            calls.leave(call, at: Int(place), key, of: caller)
        }
    }

    /// Drops what is known of an account, once no request waits for it and no call has it.
    mutating func forgetUnlessWanted(_ id: AccountID) {
        if accounts.forgetUnlessWanted(id) { retries.forget(id) }
    }

    mutating func finish(_ key: RequestKey, _ outcome: RequestOutcome) -> Action {
        .finish(key, counted(outcome))
    }

    mutating func counted(_ outcome: RequestOutcome) -> RequestOutcome {
        counters.count(outcome)
        return outcome
    }
}

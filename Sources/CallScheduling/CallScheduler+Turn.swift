import AttributeValues

/// How requests end. A turn ends only so many that it stays short; the others end in the next turns.
extension CallScheduler {
    /// Whether requests are left that are to end now: ``timePasses(to:)`` goes on with them.
    public var isEndingRequests: Bool { !ends.isEmpty }

    /// Ends requests whose time has come.
    mutating func endRequests(now: Moment, _ actions: inout [Action]) {
        let workLeft = ends.workLeft
        var work = workLeft
        defer { ends.spend(workLeft - work) }
        actions += ends.takeDisplaced()
        settlePiece(&work)
        while work > 0, let key = ends.takeComplete() {
            if let request = remove(key, &work) { actions.append(finish(key, request.outcome)) }
        }
        while work > 0, let key = ends.takeInterrupted() { interrupt(key, &work, &actions) }
        sweep(now: now, &work, &actions)
        expire(now: now, &work, &actions)
    }

    // MARK: Verdicts

    /// Gives the verdict on an account to all requests that wait for it.
    mutating func settle(_ waiters: Waiters, _ verdict: RequestEnds.Verdict) {
        guard waiters.count <= ends.pieceSize else { return ends.settle(waiters, verdict) }
        waiters.forEach { give(verdict, to: $0, at: $1) }
    }

    private mutating func settlePiece(_ work: inout Int) {
        while work > 0, let (waiters, verdict) = ends.takeVerdict() {
            for (key, index) in waiters { give(verdict, to: key, at: index) }
            work -= waiters.count
        }
    }

    private mutating func give(_ verdict: RequestEnds.Verdict, to key: RequestKey, at index: Int) {
        switch verdict {
        case .answered(let found, let place): receive(found, at: place, for: key, index)
        case .failed(let failure):
            if requests.change(key, { $0.receive(failure, at: index) }) == true { ends.complete(key) }
        }
    }

    /// Gives a request an account's answer.
    mutating func receive(_ found: AccountResults, at place: Int, for key: RequestKey, _ index: Int) {
        if !offences.isEmpty, let caller = requests.caller(of: key) { offences.countAnswered(caller) }
        if requests.change(key, { $0.receive(found, at: place, for: index) }) == true { ends.complete(key) }
    }

    // MARK: Ends

    /// Takes out requests for which there is no room beside another principal's first one. At once, so that the bound holds whatever
    /// comes before the next turn.
    mutating func displace(now: Moment) {
        while lanes.callers.lines.isOverdrawn {
            let requests = requests
            guard let key = lanes.callers.lines.takeDisplaced(isOpen: { requests.contains($0) }),
                let request = remove(key)
            else { return }
            let outcome =
                request.isComplete ? request.outcome : overloaded(.all(limits.queuedAccounts), request, now: now)
            ends.displace(finish(key, outcome))
        }
    }

    private mutating func interrupt(_ key: RequestKey, _ work: inout Int, _ actions: inout [Action]) {
        guard let request = remove(key, &work) else { return }
        actions.append(finish(key, request.partly(.shuttingDown) ?? .shuttingDown(fetched: request.fetched)))
    }

    private mutating func expire(now: Moment, _ work: inout Int, _ actions: inout [Action]) {
        // What is known already goes to the requests first.
        while !ends.hasVerdicts, work > 0, let key = deadlines.popExpired(at: now, in: requests) {
            guard let expired = requests[key], !expired.isComplete else { continue }
            // Where an attempt has failed before, that is what the caller can do something about.
            let failures = expired.accounts.indices.compactMap { index -> (index: Int, failure: CallFailure)? in
                guard !retries.isEmpty, expired.isOpen(index), let id = expired[id: index] else { return nil }
                return retries.ownFailure(of: id).map { (index, $0) }
            }
            guard var request = remove(key, &work) else { continue }
            for (index, failure) in failures { request.receive(failure, at: index) }
            let outcome =
                request.partly(.deadlineExceeded)
                ?? (request.hasFailures
                    ? request.outcome : .deadlineExceeded(fetched: request.fetched, retryAfter: nil))
            actions.append(finish(key, outcome))
        }
    }

    private mutating func remove(_ key: RequestKey, _ work: inout Int) -> WaitingRequest? {
        guard let request = remove(key) else { return nil }
        work -= Self.work(for: request)
        return request
    }

    private static func work(for request: WaitingRequest) -> Int { 8 + request.accounts.count }

    // MARK: Sweeps

    /// Begins to end requests that are open.
    mutating func beginSweep(_ reason: RequestEnds.Sweep) { ends.begin(reason, last: requests.lastNumber) }

    private mutating func sweep(now: Moment, _ work: inout Int, _ actions: inout [Action]) {
        guard let reason = ends.sweep else { return }
        var closed: CallFailure?
        if reason == .closed {
            closed = gate.failure(now: now, earliest: limiter.earliestStart(now: now))
            // What still waits may go on.
            if closed == nil { return ends.endSweep() }
        }
        while let key = ends.takeSwept(in: requests, &work) {
            if let closed {
                failWaiting(key, closed, &work)
            } else if reason == .stopped || requests.waitingSince(key) != nil {
                interrupt(key, &work, &actions)
            }
        }
    }

    /// Fails those accounts of a request that are in no call.
    private mutating func failWaiting(_ key: RequestKey, _ failure: CallFailure, _ work: inout Int) {
        guard let request = requests[key], request.waiting > 0 else { return }
        work -= Self.work(for: request)
        for index in request.accounts.indices where request.isOpen(index) {
            guard let id = request[id: index], accounts.waits(key, for: id) else { continue }
            var failure = failure
            failure.attempts = retries.failures(of: id)
            stopWaiting(key, of: request.caller, for: id)
            requests.stopWaiting(key)
            give(.failed(failure), to: key, at: index)
        }
    }
}

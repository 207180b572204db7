import AttributeValues
import DequeModule

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

    mutating func testAnswered(_ test: TestKey, _ leftOut: [Ride], now: Moment) {
        guard leftOut.isEmpty else { return testFailed(test, leftOut, .leftOut, now: now) }
        if let last = searches.succeeded(test), isUpstreamSound(at: now) {
            separate(last.caller?.principal, now: now)
        }
        queueTests()
    }

    /// Gives all requests that wait for an account its answer, and holds it for later ones.
    mutating func settle(_ ride: Ride, _ found: AccountResults, at place: Int, asOf moment: Moment) {
        retries.forget(ride.id)
        cache.hold(found, at: place, for: ride.account, asOf: moment)
        if let (key, index) = ride.waiters.only {
            receive(found, at: place, for: key, index)
        } else {
            settle(ride.waiters, .answered(found, place: place))
        }
        forgetUnlessWanted(ride.id)
    }

    /// An answer may belong to another call, or an entry of it to one of these accounts: they are asked for once more, together.
    mutating func askAgain(_ rides: [Ride], now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        if rides.contains(where: { retries.wasLeftOut($0.id) }) {
            return failedAmbiguously(rides, .leftOut, now: now)
        }
        let rides = rides.map { known($0) }
        for ride in rides { note(.leftOut, of: ride, notBefore: now, .leftOut, now: now) }
        retries.makeAgain(Load(rides: rides, connection: .new))
        backlog = .unknown
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
        calls.answered(leftAt: call.leftAt, now: now)
    }

    /// The connection had been dead before: the same call is made once more, on a new one.
    mutating func repeatStale(_ call: Call) {
        if call.isReferees { return gate.refereeEndedWithoutVerdict() }
        if stopDeadline != nil { return shutDown(call.rides) }
        counters.staleRepeats += 1
        let purpose: Call.Purpose = call.purpose == .probe ? .ordinary : call.purpose
        retries.makeAgain(
            Load(
                rides: call.rides, purpose: purpose, connection: .new, lane: call.lane, isRepeat: true,
                payer: call.payer))
        backlog = .unknown
    }

    /// An account of the call is at fault, by upstream's own word.
    mutating func accountFailed(_ call: Call, _ failure: CallFailure, now: Moment) {
        if case .test(let test) = call.purpose { return testFailed(test, call.rides, failure, now: now) }
        guard call.rides.count == 1 else { return divide(call.rides, failure, now: now) }
        blame(call.rides[0], failure, calls: 0, isRecorded: true, now: now)
    }

    mutating func failedAmbiguously(_ call: Call, _ failure: CallFailure, now: Moment) {
        if call.isReferees { return gate.refereeFailed(failure, now: now) }
        gate.failedAmbiguously(failure, of: call.rides.map(\.account), leftAt: call.leftAt, now: now)
        guard gate.isOpen else { return fail(call.rides, asClosed: failure, now: now) }
        if case .test(let test) = call.purpose { return testFailed(test, call.rides, failure, now: now) }
        failedAmbiguously(call.rides, failure, now: now)
    }

    mutating func failedAmbiguously(_ rides: [Ride], _ failure: CallFailure, now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        if rides.count == 1 { return failedAlone(rides[0], failure, calls: 0, now: now) }
        let isFresh = rides.allSatisfy { attempts(of: $0) < Self.failuresUntilBlamed }
        if gate.isFlapping(at: now), isFresh { return tryAgain(rides, failure, isAlone: false, now: now) }
        divide(rides, failure, now: now)
    }

    /// How often an account fails before it is blamed for an ambiguous failure, if others are answered meanwhile.
    static var failuresUntilBlamed: Int { 3 }

    /// A call for one account has failed in a way that the account or the upstream may have caused.
    mutating func failedAlone(_ ride: Ride, _ failure: CallFailure, calls: Int, now: Moment) {
        if stopDeadline != nil { return shutDown([ride]) }
        let isFlapping = gate.isFlapping(at: now)
        let othersSucceed = retries.firstFailure(of: ride.id).map { gate.hasSucceeded(since: $0) } ?? false
        let limit = othersSucceed && !isFlapping ? Self.failuresUntilBlamed : Backoff.maximumAttempts
        let isKnown = quarantine.contains(ride.account, now: now) || !failure.kind.isWorthRepeating
        if attempts(of: ride) < limit, !isKnown { return tryAgain([ride], failure, isAlone: true, now: now) }
        // While nothing else was answered, the account may be as innocent as all others.
        let isRecorded = !isFlapping && (othersSucceed || isKnown && gate.hasSucceededLately(at: now))
        blame(ride, failure, calls: calls, isRecorded: isRecorded, now: now)
    }

    /// Our credential, configuration or frequency.
    mutating func daemonFailed(_ call: Call, _ failure: CallFailure, now: Moment) {
        switch failure.kind {
        case .credential, .signatureRefusedTooOften: gate.refused(failure, now: now)
        case .tooFrequent:
            if limiter.refused(callStartedAt: call.leftAt, now: now) { counters.slowDowns += 1 }
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

    mutating func neverSent(_ call: Call, _ failure: CallFailure, now: Moment) {
        guard gate.isOpen else { return fail(call.rides, asClosed: failure, now: now) }
        if stopDeadline != nil { return shutDown(call.rides) }
        if failure.kind == .certificate { return fail(call.rides + endSearch(of: call), failure) }
        if case .test(let test) = call.purpose { return repeatTest(test, call.rides, failure) }
        tryAgain(call.rides, failure, isAlone: false, now: now)
    }

    /// Everyone is answered with why the gate is closed, and when it may open; also those whose call closed it.
    mutating func fail(_ rides: [Ride], asClosed failure: CallFailure, now: Moment) {
        var closed = gate.failure(now: now, earliest: limiter.earliestStart(now: now)) ?? failure
        closed.call = failure.call
        fail(rides, closed)
    }

    mutating func fail(_ rides: [Ride], _ failure: CallFailure) {
        for ride in rides {
            var failure = failure
            failure.attempts = attempts(of: ride)
            retries.forget(ride.id)
            settle(ride.waiters, .failed(failure))
            forgetUnlessWanted(ride.id)
        }
    }

    /// The gate is closed: no request waits any longer, and each is answered with when it may open.
    mutating func refuseWaiting(now: Moment) {
        guard stopDeadline == nil, let failure = gate.failure(now: now, earliest: limiter.earliestStart(now: now))
        else {
            return
        }
        var rides: [Ride] = []
        rides += searches.endAll()
        lanes.removeTests()
        while let load = retries.takeRepeat() { rides += load.rides }
        for ride in rides {
            settle(ride.waiters, .failed(failure))
            forgetUnlessWanted(ride.id)
        }
        beginSweep(.closed)
    }

    // MARK: Silence

    /// Raises a doubt when calls are silent for too long, and gives up those that later ones have overtaken.
    mutating func watchFlights(now: Moment, _ actions: inout [Action]) {
        if let due = calls.doubtDue, due <= now { gate.callsAreSilent(now: now) }
        let requests = requests
        while let key = calls.giveUpOverdue(at: now, isWanted: { requests.isWanted($0) }) {
            actions.append(.abandon(key))
        }
    }

    /// When ``watchFlights(now:_:)`` has something to do.
    var nextWatch: Moment? {
        .earlier(gate.isUndoubted ? calls.doubtDue : nil, calls.giveUpDue)
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

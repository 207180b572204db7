import Accounting
import AttributeValues

/// Decides which call leaves when, for whom, and how each request is answered. A value: events go in with the time at which they
/// happened, actions come out, and the owner carries them out.
///
/// Every account that is waited for is known once, with all requests that wait for it. When a call may leave (``SlotTable``, ``Pacer``,
/// ``Limits/inFlight``), it takes up to ``Limits/accountsPerCall`` of them, one from each caller in turn (``Lanes``, ``CallerQueue``); so U
/// waiting accounts cost ⌈U/100⌉ calls, and a call is never put off to wait for more. A call that fails in a way that an account can cause
/// is divided until the account is found (``OffenderSearch``); whether the upstream itself fails is judged by calls that no caller chose
/// (``UpstreamGate``).
public struct CallScheduler: Sendable {
    /// The bounds that a scheduler keeps to.
    public struct Limits: Hashable, Sendable {
        /// Calls in any second at the server, 1…1000000.
        public var rate: Int
        /// How much of the least round trip the limiter counts on, 0…0.95.
        public var roundTripCredit = 0.0
        /// Calls under way at once, at least 1.
        public var inFlight: Int
        /// Accounts in a call; upstream allows 100.
        public var accountsPerCall = 100
        /// (request, account) pairs of all requests that have not ended.
        public var queuedAccounts: Int
        /// Those of one principal's callers.
        public var queuedAccountsPerPrincipal: Int
        /// Bytes of answers held for callers who accept older ones.
        public var heldBytes = 0

        /// Sets the bounds.
        public init(
            rate: Int, roundTripCredit: Double = 0, inFlight: Int, queuedAccounts: Int, queuedAccountsPerPrincipal: Int,
            heldBytes: Int = 0
        ) {
            self.rate = rate
            self.roundTripCredit = roundTripCredit
            self.inFlight = inFlight
            self.queuedAccounts = queuedAccounts
            self.queuedAccountsPerPrincipal = queuedAccountsPerPrincipal
            self.heldBytes = heldBytes
        }
    }

    /// What the owner has to do.
    public enum Action: Sendable {
        /// Make this call and report its end by ``callEnded(_:_:now:)``.
        case start(CallKey, accounts: [Account], on: ConnectionChoice)
        /// Make a call for the daemon's own admin account and report its end likewise.
        case startReferee(CallKey, on: ConnectionChoice)
        /// Answer the request; it is over.
        case finish(RequestKey, RequestOutcome)
        /// Close this call's connection, and report its end.
        case abandon(CallKey)
    }

    /// Whether something waits that may leave, as far as it was found when calls were last started.
    enum Backlog {
        /// Something has come since then.
        case unknown
        /// Nothing waits that may leave.
        case empty
        /// Nothing waits but calls of lanes that have taken their part of calls or slots.
        case heldBack
    }

    /// The bounds in force.
    public internal(set) var limits: Limits
    /// What has happened so far.
    public internal(set) var counters = Counters()
    var limiter: CallLimiter
    var gate = UpstreamGate()
    var cache: AnswerCache
    /// Accounts in a call at present; less than the limit after upstream has called it too many.
    var accountsPerCall: Int

    var requests = RequestTable()
    var deadlines = DeadlineQueue()
    var accounts = AccountTable()
    /// Requests by arrival; some have ended.
    var arrivals = Arrivals()
    var lanes = Lanes()
    var offences = OffenceLedger()
    var quarantine = Quarantine()
    var retries: Retries
    var searches = OffenderSearches()
    var calls = CallsUnderWay()
    var backlog = Backlog.empty
    /// Until when calls can be signed.
    public private(set) var signedUntil = Moment.distantFuture
    /// When all calls under way are given up; set once the scheduler stops.
    var stopDeadline: Moment?
    var ends = RequestEnds()

    /// An idle scheduler.
    /// - Parameter seed: Where the random choices start (waits before retries).
    public init(limits: Limits, seed: UInt64 = 0) {
        self.limits = limits
        limiter = CallLimiter(rate: limits.rate, credit: limits.roundTripCredit)
        cache = AnswerCache(capacity: limits.heldBytes)
        retries = Retries(seed: seed)
        accountsPerCall = limits.accountsPerCall
        lanes.callers = CallerQueue(all: limits.queuedAccounts, perPrincipal: limits.queuedAccountsPerPrincipal)
    }

    // MARK: Events

    /// The next request's name, to be known before its outcome can come.
    public mutating func makeRequestKey() -> RequestKey { requests.makeKey() }

    /// A caller asks. No call leaves before ``timePasses(to:)``, so that what is asked for at the same time can share one.
    /// - Parameters:
    ///   - key: A new name from ``makeRequestKey()``.
    ///   - accounts: Distinct, at least one, in the order in which they are to be answered.
    ///   - deadline: When the caller gives up.
    ///   - maxAge: How old a held answer may be; zero asks upstream.
    ///   - acceptsPartial: Whether it ends with what was answered when other accounts fail.
    /// - Returns: How it has ended, if it does not have to wait.
    public mutating func enqueue(
        _ key: RequestKey, accounts: [Account], caller: CallerKey, deadline: Moment, maxAge: Duration = .zero,
        acceptsPartial: Bool = false, now: Moment
    ) -> RequestOutcome? {
        advance(to: now)
        let held = maxAge > .zero ? heldAnswers(for: accounts, maxAge: maxAge, now: now) : nil
        // What is answered at once needs no place to wait in.
        if let held, held.missed.isEmpty {
            counters.fromMemory += 1
            return refuse(key, .answered(held.found))
        }
        let line = line(of: caller)
        var request = WaitingRequest(
            accounts: accounts, caller: caller, line: line, deadline: deadline, since: now,
            acceptsPartial: acceptsPartial)
        if let held { request.receive(held.found, except: held.missed) }
        if !quarantine.isEmpty, receiveResting(&request, now: now) { return refuse(key, request.outcome) }
        let joined = maxAge > .zero ? joinable(request, maxAge: maxAge, now: now) : []
        let wanted = request.open - joined.count
        if let refusal = refusal(of: wanted, request, now: now) { return refuse(key, refusal) }
        let lane = offences.lane(of: caller)
        request.waiting = wanted
        for index in accounts.indices {
            let ahead = index + Self.prefetchDistance
            if ahead < accounts.count { self.accounts.prefetch(accounts[ahead].bytesHash) }
            guard request.isOpen(index) else { continue }
            let id = self.accounts.id(of: accounts[index])
            request[id: index] = id
            if joined.contains(index), let (call, place) = self.accounts[rideOf: id] {
                calls.join(call, at: Int(place), key, index: index)
            } else {
                self.accounts.wait(key, for: id, at: index, lane: lane)
            }
        }
        requests.insert(consume request, for: key)
        deadlines.insert(deadline, for: key)
        arrivals.append(key)
        lanes.callers.append(key, in: line, of: caller, lane: lane)
        backlog = .unknown
        displace(now: now)
        return nil
    }

    /// A caller no longer wants its answer. What waits costs no call; a call under way runs to its end.
    public mutating func withdraw(_ key: RequestKey, now: Moment) -> [Action] {
        guard remove(key) != nil else { return [] }
        counters.withdrawn += 1
        return stopDeadline == nil ? [] : goOn(now: now)
    }

    /// The client of a connection does not read: its accounts enter no call until it reads again, or its requests end.
    public mutating func readingStopped(_ caller: CallerKey) { lanes.callers.lines.pause(caller) }

    /// The client reads again. To be followed by ``timePasses(to:)``.
    public mutating func readingResumed(_ caller: CallerKey) {
        let offences = offences
        lanes.callers.resume(caller) { offences.lane(of: $0) }
        for (id, isAlone) in lanes.takeParked() where accounts.waiters(for: id) != nil && !accounts.isReserved(id) {
            accounts.reserve(id)
            addReturned(id, isAlone: isAlone)
        }
        backlog = .unknown
    }

    /// Calls can be signed until then. From then on, what waits takes no slot. To be followed by ``timePasses(to:)``.
    public mutating func callsAreSigned(until end: Moment) { signedUntil = end }

    /// A call has ended.
    public mutating func callEnded(_ key: CallKey, _ end: CallEnd, now: Moment) -> [Action] {
        guard let call = calls.end(key) else { return [] }
        prefetch(call.rides)
        for place in call.rides.indices { accounts.endRide(of: call.rides[place].id, in: key) }
        if !call.isReferees { gate.callEnded(leftAt: call.leftAt) }
        if backlog == .heldBack { backlog = .unknown }
        advance(to: now)
        limiter.ended(call.slot, end.counted, now: now)
        if case .unknown(let closedAt) = end.counted, let payer = call.payer {
            // Others could have made so many calls with its slot.
            lanes.charge(payer, forSlotHeld: closedAt + SlotTable.holdAfterClose - call.leftAt)
        }
        counters.count(end)
        judgePrincipals(of: call, end, now: now)
        switch end.result {
        case .success(let answer): answered(call, answer, now: now)
        case .failure(let failure): failed(call, key, failure, now: now)
        }
        if call.purpose == .probe { gate.probeEnded(now: now) }
        if gate.refusesAll { refuseWaiting(now: now) }
        return goOn(now: now)
    }

    /// A call was answered, so long after its head had been written, on a connection that had answered a call before.
    public mutating func measured(_ roundTrip: Duration, now: Moment) { limiter.measured(roundTrip, now: now) }

    /// No connection to upstream is left.
    public mutating func connectionsGone() { limiter.connectionsGone() }

    /// The clock has moved on. To be called at ``nextEvent(now:)``, once in a turn of the loop.
    public mutating func timePasses(to now: Moment) -> [Action] {
        ends.beginTurn()
        return goOn(now: now)
    }

    /// Does what is due now. What would take too long beside other events of this turn is left for ``timePasses(to:)``.
    private mutating func goOn(now: Moment) -> [Action] {
        var actions: [Action] = []
        advance(to: now)
        endRequests(now: now, &actions)
        if let stopDeadline {
            giveUpCalls(now: now, at: stopDeadline, &actions)
        } else {
            releaseRetries(now: now)
            watchFlights(now: now, &actions)
            dispatch(now: now, &actions)
        }
        return actions
    }

    /// The moment at which ``timePasses(to:)`` is to be called, unless another event comes before; nil: never.
    public mutating func nextEvent(now: Moment) -> Moment? {
        if isEndingRequests { return now }
        var next = deadlines.next(in: requests)
        if let stopDeadline {
            if calls.isEmpty { return .earlier(next, limiter.nextReturn) }
            return now < stopDeadline ? .earlier(next, stopDeadline) : next
        }
        next = .earlier(next, retries.nextDue)
        next = .earlier(next, nextWatch)
        next = .earlier(next, lanes.callers.lines.rules.nextRelease)
        guard calls.count < limits.inFlight, now < signedUntil, let due = nextLoadDue(now: now) else { return next }
        return .earlier(next, limiter.nextStart(notBefore: due, now: now))
    }
}

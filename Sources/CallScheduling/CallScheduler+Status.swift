import Accounting
import AttributeValues

extension CallScheduler {
    /// What has happened since the start.
    public struct Counters: Hashable, Sendable {
        /// Calls that were started.
        public internal(set) var calls = 0
        /// Accounts in those calls.
        public internal(set) var accounts = 0
        /// Calls that failed, by code.
        public internal(set) var failedCalls: [Int: Int] = [:]
        /// Calls that never left, because no connection was made for them.
        public internal(set) var neverSent = 0
        /// Failed calls whose accounts were put into another one after a while.
        public internal(set) var retries = 0
        /// Calls that were repeated with a new UserSig.
        public internal(set) var renewals = 0
        /// Times that N was halved because upstream refused calls for their frequency.
        public internal(set) var slowDowns = 0
        /// Calls that were divided to find the account at fault.
        public internal(set) var isolations = 0
        /// Calls made for that.
        public internal(set) var isolationCalls = 0
        /// Calls for the daemon's own admin account, to distinguish an upstream that fails from an account at fault.
        public internal(set) var referees = 0
        /// Calls that were made once more because their connection had been dead before.
        public internal(set) var staleRepeats = 0
        /// Requests that were answered, all from memory.
        public internal(set) var fromMemory = 0
        /// Requests that were answered.
        public internal(set) var answered = 0
        /// Requests that failed with their calls.
        public internal(set) var failed = 0
        /// Requests whose time ran out.
        public internal(set) var expired = 0
        /// Requests that were refused because too many accounts waited.
        public internal(set) var overloaded = 0
        /// Requests that ended because the daemon stops.
        public internal(set) var stopped = 0
        /// Requests that their callers took back.
        public internal(set) var withdrawn = 0

        mutating func started(accounts count: Int) {
            calls += 1
            accounts += count
        }

        mutating func count(_ end: CallEnd) {
            if end.counted == .neverSent { neverSent += 1 }
            if case .failure(let failure) = end.result { failedCalls[failure.code, default: 0] += 1 }
        }

        mutating func count(_ outcome: RequestOutcome) {
            switch outcome {
            case .answered, .partly: answered += 1
            case .failed: failed += 1
            case .deadlineExceeded: expired += 1
            case .overloaded: overloaded += 1
            case .shuttingDown: stopped += 1
            }
        }
    }

    /// Calls under way.
    public var callsUnderWay: Int { calls.count }
    /// Requests that have not ended.
    public var openRequests: Int { requests.count }
    /// Waiting (request, account) pairs.
    public var waitingAccounts: Int { waiting }
    /// (request, account) pairs of requests that have not ended: of each principal that has some, in no particular order.
    public var openAccountsByPrincipal: [(principal: Principal, held: Int)] { lanes.callers.openAccountsByPrincipal }
    /// Whether the scheduler is stopping.
    public var isStopping: Bool { stopDeadline != nil }
    /// Why calls do not leave; nil if they may.
    public var closedBecause: CallFailure? { gate.failure }

    /// How long nothing reaches upstream yet; nil if calls leave.
    public func timeToProbe(now: Moment) -> Duration? { gate.failure(now: now, earliest: now)?.retryAfter }
    /// Failed calls since the last good one.
    public var failuresInARow: Int { gate.failuresInARow }
    /// Answers held in memory, and their bytes.
    public var heldAnswers: (count: Int, bytes: Int) { (cache.count, cache.bytes) }

    /// N at a moment, which is below the configured rate after upstream has refused calls for their frequency.
    public func currentLimit(at now: Moment) -> Int { adaptation.limit(at: now) }

    /// c at a moment: the part of the round trip that the limiter counts on.
    public mutating func currentCredit(at now: Moment) -> Duration { roundTrips.lowerBound(now: now) }

    /// How long the request that has waited longest for a call to leave has waited; nil if none waits.
    public mutating func oldestWaiting(at now: Moment) -> Duration? {
        arrivals.oldestWaiting(in: requests).map { now - $0 }
    }

    /// Takes new bounds, from the next event on. A lower rate holds at once, calls already counted included.
    public mutating func change(_ limits: Limits) {
        if limits.rate != self.limits.rate { adaptation = RateAdaptation(configured: limits.rate) }
        if limits.roundTripCredit != self.limits.roundTripCredit {
            roundTrips = RoundTrips(credit: limits.roundTripCredit)
        }
        self.limits = limits
        accountsPerCall = limits.accountsPerCall
        lanes.callers.change(all: limits.queuedAccounts, perPrincipal: limits.queuedAccountsPerPrincipal)
        cache.capacity = limits.heldBytes
    }

    /// There is another credential: what upstream said of the last one counts no more.
    public mutating func credentialChanged() { gate.reopen() }
}

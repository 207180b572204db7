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

    /// The scheduler's numbers at one moment, for status and metrics.
    public struct Snapshot: Sendable {
        /// What has happened since the start.
        public let counters: Counters
        /// Requests that have not ended.
        public let openRequests: Int
        /// (request, account) pairs for which no call has left yet.
        public let waitingAccounts: Int
        /// (request, account) pairs of all requests that have not ended: what the bounds of the queue count.
        public let unansweredAccounts: Int
        /// Users and containers that have open requests.
        public let waitingUsers: Int
        /// The users with the most accounts of open requests, by uid.
        public let accountsByUser: [(uid: UInt32, count: Int)]
        /// The accounts of open requests of each container, whose users are one principal.
        public let accountsOfContainers: [(principal: Principal, count: Int)]
        /// How long the request that has waited longest for a call to leave has waited; nil if none waits.
        public let oldestWaiting: Duration?
        /// Calls under way.
        public let callsUnderWay: Int
        /// N: calls in any second. It is below the configured rate after upstream has refused calls for their frequency.
        public let currentLimit: Int
        /// c: the part of the round trip that the limiter counts on.
        public let currentCredit: Duration
        /// Slots that are taken, by calls under way and by those that ended lately.
        public let slotsHeld: Int
        /// Why calls do not leave; nil if they may.
        public let closedBecause: CallFailure?
        /// Failed calls since the last good one.
        public let failuresInARow: Int
        /// Answers held in memory, and their bytes.
        public let heldAnswers: (count: Int, bytes: Int)
        /// What each rule of the configuration uses, in their order; empty where there are no rules.
        public let rules: [RuleUse]
    }

    /// Takes a snapshot, without a look at the requests that wait.
    /// - Parameter users: How many users are listed, at most.
    public mutating func snapshot(at now: Moment, users: Int = 0) -> Snapshot {
        let (accountsByUser, containers) = openAccounts
        return Snapshot(
            counters: counters, openRequests: requests.count, waitingAccounts: requests.waiting,
            unansweredAccounts: lanes.callers.lines.openAccounts,
            waitingUsers: accountsByUser.count + containers.count,
            accountsByUser: users == 0 ? [] : LargestCounts.list(of: accountsByUser.lazy.map { ($0, $1) }, most: users),
            accountsOfContainers: containers,
            oldestWaiting: arrivals.oldestWaiting(in: requests).map { now - $0 }, callsUnderWay: calls.count,
            currentLimit: limiter.limit(at: now), currentCredit: limiter.credit(at: now), slotsHeld: limiter.held,
            closedBecause: gate.failure, failuresInARow: gate.failuresInARow, heldAnswers: (cache.count, cache.bytes),
            rules: lanes.callers.lines.rules.use(at: now))
    }

    /// The accounts of open requests of each user that has some, under whatever rules, and of each container.
    private var openAccounts: (byUser: [UInt32: Int], ofContainers: [(principal: Principal, count: Int)]) {
        var byUser: [UInt32: Int] = [:]
        var ofContainers: [(principal: Principal, count: Int)] = []
        for (principal, held) in lanes.callers.lines.openAccountsByPrincipal {
            if let uid = principal.uid {
                byUser[uid, default: 0] += held
            } else {
                ofContainers.append((principal, held))
            }
        }
        return (byUser, ofContainers)
    }

    /// The accounts of open requests of a principal.
    public func openAccounts(of principal: Principal) -> Int { lanes.callers.lines.openAccounts(of: principal) }

    /// What a rule uses; nil if there is no such rule.
    public func use(of rule: RuleIndex, at now: Moment) -> RuleUse? { lanes.callers.lines.rules.use(of: rule, at: now) }

    /// Requests that have not ended, for a check that none was lost.
    public var openRequests: Int { requests.count }
    /// Why calls do not leave; nil if they may. Looked at after each call, where a snapshot would cost too much.
    public var closedBecause: CallFailure? { gate.failure }

    /// How long nothing reaches upstream yet; nil if calls leave.
    public func timeToProbe(now: Moment) -> Duration? { gate.failure(now: now, earliest: now)?.retryAfter }

    /// Takes new bounds, from the next event on. A lower rate holds at once, calls already counted included.
    public mutating func change(_ limits: Limits) {
        limiter.change(rate: limits.rate, credit: limits.roundTripCredit)
        self.limits = limits
        accountsPerCall = limits.accountsPerCall
        lanes.callers.lines.change(all: limits.queuedAccounts, perPrincipal: limits.queuedAccountsPerPrincipal)
        cache.capacity = limits.heldBytes
    }

    /// Takes other rules. Requests that are open go on under the rule that applied to them. To be followed by ``timePasses(to:)``.
    public mutating func change(_ rules: RuleShares, now: Moment) {
        lanes.callers.lines.change(rules, accountsPerCall: limits.accountsPerCall, now: now)
        backlog = .unknown
    }

    /// There is another credential: what upstream said of the last one counts no more.
    public mutating func credentialChanged() { gate.reopen() }
}

/// The largest of many counts by user, so that a list of them has a bound.
enum LargestCounts {
    /// The largest counts, by uid. Of equal ones the lower uid goes first.
    static func list(of counts: some Sequence<(UInt32, Int)>, most: Int) -> [(uid: UInt32, count: Int)] {
        var largest: [(uid: UInt32, count: Int)] = []
        for (uid, count) in counts {
            largest.append((uid, count))
            // Sorted once for every `most` of them.
            if largest.count == 2 * most { keep(most, of: &largest) }
        }
        keep(most, of: &largest)
        return largest.sorted { $0.uid < $1.uid }
    }

    private static func keep(_ most: Int, of counts: inout [(uid: UInt32, count: Int)]) {
        counts.sort { ($1.count, $0.uid) < ($0.count, $1.uid) }
        if counts.count > most { counts.removeSubrange(most...) }
    }
}

import AttributeValues

/// Whether calls may leave, judged by what no caller's account can cause.
///
/// A call that fails in an ambiguous way raises a doubt unless another one was answered in the meantime. In doubt, ordinary calls wait and
/// a *referee* leaves: a call for the daemon's own admin account, which no caller chose. When the referee has failed, one ordinary call at
/// a time may leave beside the next one, in case only the admin account fails. Any answer ends the doubt. Enough failures, the referee's
/// among them, close the gate; then every request is refused, until a probe is answered.
struct UpstreamGate: Sendable {
    /// Failures that close the gate.
    static let strikesUntilClosed = 5
    /// How many of them have to be the referee's.
    static let refereeStrikesNeeded = 3
    /// The same if the referee was never answered in time.
    static let refereeTimeOutsNeeded = 2
    /// Both numbers while the upstream fails now and then: then a few failures in a row are likely by chance.
    static let strikesUntilClosedWhileFlapping = 9
    static let refereeStrikesNeededWhileFlapping = 6
    /// Calls in a row that could not be sent and close the gate.
    static let neverSentUntilClosed = 5
    /// Referees under way at once.
    static let maximumReferees = 2
    /// How long failures count as the upstream's when it fails now and then.
    static let flappingTime: Duration = .seconds(10)
    /// Time between probes while upstream refuses our credential or configuration.
    static let refusalInterval: Duration = .seconds(30)
    /// The same after a code that asks for silence (70050).
    static let pauseInterval: Duration = .seconds(60)

    /// Which calls may leave.
    enum Admission { case all, test, any, probe, none }

    private struct Doubt {
        let since: Moment
        /// Whether a call is under way that is not the referee's and left in doubt.
        var hasTrial = false
        var referees = 0
        var lastLeftAt: Moment?
        var hasFailedReferee = false
    }

    private enum Reason { case outage, unknownCode, refusal(Duration) }

    private enum Probe { case none, wanted, underWay }

    private struct Closure {
        let failure: CallFailure
        let reason: Reason
        let since: Moment
        var probes = 0
        var nextProbe: Moment
        var probe = Probe.none

        /// Time between probes: after an outage 0.1, 0.2, 0.4, 0.8 s, then 1 s; after an unknown code it doubles up to 30 s.
        var interval: Duration {
            switch reason {
            case .outage: min(.seconds(1), .milliseconds(100) * (1 << min(probes, 4)))
            case .unknownCode: min(.seconds(30), .milliseconds(100) * (1 << min(probes, 9)))
            case .refusal(let interval): interval
            }
        }

        /// A request's own account and the referee probe in turns: neither an account at fault nor an admin account that always fails
        /// keeps the gate closed.
        var isRefereesTurn: Bool {
            if case .refusal = reason { false } else { !probes.isMultiple(of: 2) }
        }
    }

    /// Indirect, because it is nearly always open, and each question would else copy all of it.
    private indirect enum State { case open, doubt(Doubt), closed(Closure) }

    private struct Strike {
        let accounts: Set<Account>
        let failure: CallFailure
        var isReferees: Bool { accounts.isEmpty }
    }

    private var state = State.open
    /// Failures since the last success. Those of calls have no account in common.
    private var strikes: [Strike] = []
    private var neverSentInARow = 0
    private var lastSuccess: Moment?
    private var flapsUntil: Moment?

    // MARK: Questions

    /// Whether requests are taken.
    var isOpen: Bool { if case .closed = state { false } else { true } }

    /// Whether it is open, and nothing speaks for an outage.
    var isUndoubted: Bool { if case .open = state { true } else { false } }

    /// Failures since the last success.
    var failuresInARow: Int { max(strikes.count, neverSentInARow) }

    /// Whether every request is refused.
    var refusesAll: Bool { if case .closed(let closure) = state { closure.probe == .none } else { false } }

    /// Whether a referee goes on a new connection: after a loss or a silence an idle one may be dead.
    var needsNewConnection: Bool { strikes.last?.failure.needsNewConnection ?? true }

    /// Which calls may leave.
    var admission: Admission {
        switch state {
        case .open: .all
        case .doubt(let doubt): doubt.hasTrial ? .none : doubt.hasFailedReferee ? .any : .test
        case .closed(let closure): closure.probe == .wanted && !closure.isRefereesTurn ? .probe : .none
        }
    }

    /// Why it is closed.
    var failure: CallFailure? { if case .closed(let closure) = state { closure.failure } else { nil } }

    /// Whether the upstream fails now and then, so that a failure says little about an account.
    func isFlapping(at now: Moment) -> Bool { flapsUntil.map { now < $0 } ?? false }

    /// Whether something has succeeded within the last second.
    func hasSucceededLately(at now: Moment) -> Bool { lastSuccess.map { now - $0 <= .seconds(1) } ?? false }

    /// Whether something has succeeded since a moment.
    func hasSucceeded(since moment: Moment) -> Bool { lastSuccess.map { $0 >= moment } ?? false }

    /// Whether a referee is to leave.
    /// - Parameter patience: How long calls may be silent. A second referee leaves after a quarter of it.
    func wantsReferee(at now: Moment, patience: Duration) -> Bool {
        switch state {
        case .open: false
        case .doubt: refereeDue(patience: patience).map { $0 <= now } ?? false
        case .closed(let closure): closure.probe == .wanted && closure.isRefereesTurn
        }
    }

    /// When the next referee is to leave while the upstream is in doubt.
    func refereeDue(patience: Duration) -> Moment? {
        guard case .doubt(let doubt) = state else { return nil }
        guard doubt.referees > 0, let last = doubt.lastLeftAt else { return .distantPast }
        return doubt.referees < Self.maximumReferees ? last + patience / 4 : nil
    }

    /// What a new request that needs a call is answered with; nil if it may come in, as a probe if the gate is closed.
    /// - Parameter earliest: When a call could leave.
    mutating func refusal(now: Moment, earliest: Moment) -> CallFailure? {
        guard case .closed(var closure) = state else { return nil }
        switch closure.probe {
        case .none where now >= closure.nextProbe: closure.probe = .wanted
        // Until the probe has left, each new request may be it: the first one may yet be withdrawn.
        case .wanted: break
        case .none, .underWay: return failure(now: now, earliest: earliest)
        }
        state = .closed(closure)
        return nil
    }

    /// The failure with the time until the next probe, which is never 0; nil while the gate is open.
    func failure(now: Moment, earliest: Moment) -> CallFailure? {
        guard case .closed(let closure) = state else { return nil }
        var failure = closure.failure
        failure.retryAfter = max(.milliseconds(1), max(closure.nextProbe, earliest) - now)
        failure.attempts = 0
        return failure
    }

    // MARK: Events

    /// A call for callers leaves. While the gate is closed, it is the probe.
    mutating func callLeft(now: Moment) {
        switch state {
        case .open: break
        case .doubt(var doubt):
            doubt.hasTrial = true
            state = .doubt(doubt)
        case .closed: probeLeft(now: now)
        }
    }

    /// A call for callers has ended, in whatever way.
    mutating func callEnded(leftAt: Moment) {
        guard case .doubt(var doubt) = state, leftAt >= doubt.since else { return }
        doubt.hasTrial = false
        state = .doubt(doubt)
    }

    mutating func refereeLeft(now: Moment) {
        switch state {
        case .open: break
        case .doubt(var doubt):
            doubt.referees += 1
            doubt.lastLeftAt = now
            state = .doubt(doubt)
        case .closed: probeLeft(now: now)
        }
    }

    private mutating func probeLeft(now: Moment) {
        guard case .closed(var closure) = state else { return }
        closure.probe = .underWay
        closure.probes += 1
        closure.nextProbe = now + closure.interval
        state = .closed(closure)
    }

    /// Calls have been silent for longer than usual, and no later one was answered.
    mutating func callsAreSilent(now: Moment) {
        if case .open = state { state = .doubt(Doubt(since: now)) }
    }

    /// Upstream has answered a call with a code that is no ambiguous failure.
    /// - Parameter acceptsCredential: Whether it looked at the accounts, and so has nothing against our credential.
    mutating func succeeded(leftAt: Moment, acceptsCredential: Bool, now: Moment) {
        strikes = []
        neverSentInARow = 0
        lastSuccess = now
        switch state {
        case .open: break
        case .doubt(let doubt):
            if doubt.hasFailedReferee { flapsUntil = now + Self.flappingTime }
            state = .open
        case .closed(let closure):
            if case .refusal = closure.reason {
                // What left before a refusal says nothing about it.
                guard acceptsCredential, leftAt >= closure.since else { return }
            } else {
                flapsUntil = now + Self.flappingTime
            }
            state = .open
        }
    }

    /// A call failed in a way that an account may have caused.
    mutating func failedAmbiguously(_ failure: CallFailure, of accounts: [Account], leftAt: Moment, now: Moment) {
        if case .closed = state { return }
        // Two calls with an account in common may have failed by that one.
        let set = Set(accounts)
        strikes.removeAll { !$0.isReferees && !$0.accounts.isDisjoint(with: set) }
        strikes.append(Strike(accounts: set, failure: failure))
        if case .open = state, !hasSucceeded(since: leftAt) { state = .doubt(Doubt(since: now)) }
        closeIfStruckOut(now: now)
    }

    /// The referee was not answered.
    mutating func refereeFailed(_ failure: CallFailure, now: Moment) {
        switch state {
        case .open: break
        case .doubt(var doubt):
            doubt.referees = max(0, doubt.referees - 1)
            doubt.hasFailedReferee = true
            state = .doubt(doubt)
            strikes.append(Strike(accounts: [], failure: failure))
            closeIfStruckOut(now: now)
        case .closed: break
        }
    }

    /// A referee has ended without saying anything; another one may follow.
    mutating func refereeEndedWithoutVerdict() {
        guard case .doubt(var doubt) = state else { return }
        doubt.referees = max(0, doubt.referees - 1)
        state = .doubt(doubt)
    }

    /// The probe has ended, and the gate is still closed.
    mutating func probeEnded(now: Moment) {
        guard case .closed(var closure) = state, closure.probe == .underWay else { return }
        closure.probe = .none
        closure.nextProbe = max(now, closure.nextProbe)
        state = .closed(closure)
    }

    private mutating func closeIfStruckOut(now: Moment) {
        let referees = strikes.filter(\.isReferees)
        let onlyTimeOuts = referees.allSatisfy { $0.failure.kind == .timedOut }
        let isFlapping = isFlapping(at: now)
        let needed =
            onlyTimeOuts
            ? Self.refereeTimeOutsNeeded
            : isFlapping ? Self.refereeStrikesNeededWhileFlapping : Self.refereeStrikesNeeded
        let all = isFlapping ? Self.strikesUntilClosedWhileFlapping : Self.strikesUntilClosed
        guard strikes.count >= all, referees.count >= needed, let last = strikes.last else { return }
        let isOneCode = last.failure.isFromUpstream && strikes.allSatisfy { $0.failure.code == last.failure.code }
        let reason: Reason = isOneCode && last.failure.kind == .unknownCode ? .unknownCode : .outage
        close(isOneCode ? last.failure : last.failure.asOutage, reason, now: now)
    }

    /// A call could not be sent.
    mutating func neverSent(_ failure: CallFailure, now: Moment) {
        if case .closed = state { return }
        neverSentInARow += 1
        if neverSentInARow >= Self.neverSentUntilClosed { close(failure.asOutage, .outage, now: now) }
    }

    /// Upstream refuses our credential or configuration.
    mutating func refused(_ failure: CallFailure, now: Moment) {
        let interval = failure.kind == .signatureRefusedTooOften ? Self.pauseInterval : Self.refusalInterval
        if case .closed(let closure) = state, case .refusal(let known) = closure.reason {
            // What asks for a longer silence stays; and a late answer to an older call does not put off the next probe.
            if known >= interval { return }
        }
        close(failure, .refusal(interval), now: now)
    }

    /// There is another credential.
    mutating func reopen() {
        strikes = []
        neverSentInARow = 0
        state = .open
    }

    private mutating func close(_ failure: CallFailure, _ reason: Reason, now: Moment) {
        var closure = Closure(failure: failure, reason: reason, since: now, nextProbe: now)
        closure.nextProbe = now + closure.interval
        state = .closed(closure)
    }
}

extension CallFailure {
    /// The daemon's own code, for failures that have none or not the same one.
    fileprivate var asOutage: CallFailure {
        var failure = self
        failure.code = CallFailure.unreachable
        failure.message = "upstream fails: \(message)"
        if failure.cause != .neverSent { failure.kind = .lost }
        return failure
    }
}

extension UpstreamGate {
    /// What contradicts the rules of the gate, for tests: none in a gate that is right.
    var violations: [String] {
        var found: [String] = []
        let sets = strikes.filter { !$0.isReferees }.map(\.accounts)
        for (place, set) in sets.enumerated() where sets[..<place].contains(where: { !$0.isDisjoint(with: set) }) {
            found.append("two strikes share an account")
        }
        if case .doubt(let doubt) = state, doubt.referees > Self.maximumReferees { found.append("too many referees") }
        return found
    }
}

import AttributeValues

/// Whether calls may leave at all. It closes when upstream fails wholly, or refuses our credential; then one call in a
/// while probes whether it may open again.
struct UpstreamGate: Sendable {
    /// Failed calls in a row after which upstream counts as failing wholly.
    static let failuresUntilClosed = 5
    /// Time between probes while upstream fails.
    static let outageInterval: Duration = .seconds(1)
    /// Time between probes while upstream refuses our credential or configuration.
    static let refusalInterval: Duration = .seconds(30)
    /// The same after a code that asks for silence (70050).
    static let pauseInterval: Duration = .seconds(60)

    private struct Closure {
        let failure: CallFailure
        let interval: Duration
        let since: Moment
        var nextProbe: Moment

        var isOutage: Bool { interval == UpstreamGate.outageInterval }
    }

    private var closure: Closure?
    /// Failed calls since the last good one.
    private(set) var failuresInARow = 0
    /// A probe has been let in and has not left yet.
    private var probeIsDue = false

    var isOpen: Bool { closure == nil }

    /// Whether a call may leave.
    var admitsCall: Bool { isOpen || probeIsDue }

    /// Why it is closed.
    var failure: CallFailure? { closure?.failure }

    /// What a new request that needs a call is told; nil if it may come in, as a probe if the gate is closed.
    mutating func refusal(now: Moment) -> CallFailure? {
        guard let closure else { return nil }
        guard now >= closure.nextProbe else { return failure(now: now) }
        // Until the probe has left, whoever comes may make it: the first one may yet be withdrawn.
        probeIsDue = true
        return nil
    }

    /// The failure with the time of the next probe; nil while the gate is open.
    func failure(now: Moment) -> CallFailure? {
        guard let closure else { return nil }
        var failure = closure.failure
        failure.retryAfter = max(.milliseconds(1), closure.nextProbe - now)
        failure.attempts = 0
        return failure
    }

    /// A call leaves; while the gate is closed, it is the probe.
    mutating func callStarted(now: Moment) {
        probeIsDue = false
        if let interval = closure?.interval { closure?.nextProbe = now + interval }
    }

    /// Upstream has answered a call.
    /// - Parameter acceptsCredential: Whether it looked at the accounts, and so finds nothing wrong with our credential.
    mutating func answered(callStartedAt start: Moment, acceptsCredential: Bool) {
        failuresInARow = 0
        // What left before a refusal says nothing about it.
        if let closure, closure.isOutage || (acceptsCredential && start >= closure.since) { open() }
    }

    /// A call did not get through.
    mutating func failed(_ failure: CallFailure, now: Moment) {
        failuresInARow += 1
        guard failuresInARow >= Self.failuresUntilClosed else { return }
        close(failure.asOutage, interval: Self.outageInterval, now: now)
    }

    /// Upstream refuses our credential or configuration.
    mutating func refused(_ failure: CallFailure, now: Moment) {
        failuresInARow = 0
        close(
            failure, interval: failure.kind == .signatureRefusedTooOften ? Self.pauseInterval : Self.refusalInterval,
            now: now)
    }

    /// There is another credential.
    mutating func reopen() {
        failuresInARow = 0
        open()
    }

    private mutating func open() {
        closure = nil
        probeIsDue = false
    }

    private mutating func close(_ failure: CallFailure, interval: Duration, now: Moment) {
        probeIsDue = false
        // What asks for a longer silence stays; and a late answer to an older call does not put off the next probe.
        if let closure, closure.interval > interval { return }
        let known = closure.flatMap { $0.interval == interval ? $0 : nil }
        closure = Closure(
            failure: failure, interval: interval, since: known?.since ?? now,
            nextProbe: max(known?.nextProbe ?? now + interval, now))
    }
}

extension CallFailure {
    fileprivate var asOutage: CallFailure {
        var failure = self
        failure.code = CallFailure.unreachable
        failure.message = "upstream fails: \(message)"
        failure.kind = .lost
        return failure
    }
}

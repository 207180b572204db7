import AttributeValues

/// Keeps retries a small part of all calls, so that a failing server is not hammered, and yet lets a rare call be tried
/// again.
struct RetryBudget: Sendable {
    /// Retries that may be saved up, and that there are at the start.
    static let capacity = 10.0
    /// Retries gained in a second.
    static let perSecond = 1.0
    /// Retries gained with a call.
    static let perCall = 0.1

    private var tokens = capacity
    private var callsSince = 0
    private var last: Moment?

    /// A call leaves.
    mutating func callStarted() { callsSince += 1 }

    /// Takes one retry, if there is one.
    mutating func take(now: Moment) -> Bool {
        refill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// Time or calls, whichever gives more.
    private mutating func refill(_ now: Moment) {
        let seconds = last.map { Double((now - $0).nanoseconds) / 1e9 } ?? 0
        tokens = min(Self.capacity, tokens + max(seconds * Self.perSecond, Double(callsSince) * Self.perCall))
        last = now
        callsSince = 0
    }
}

import AttributeValues

/// N as the server lets us have it: it halves when the server says that there were too many calls, and comes back slowly.
struct RateAdaptation: Sendable {
    /// The part of the configured rate that is gained in a second.
    static let gainPerSecond = 0.01

    /// Calls in any second, as configured.
    let configured: Int
    private var base: Double
    private var since: Moment?

    init(configured: Int) {
        self.configured = configured
        base = Double(configured)
    }

    /// N at a moment: 1…`configured`.
    func limit(at now: Moment) -> Int { Int(value(at: now)) }

    /// Whether N is below what is configured.
    func isLowered(at now: Moment) -> Bool { limit(at: now) < configured }

    /// When N is one higher; nil if it is as configured.
    func nextRaise(after now: Moment) -> Moment? {
        guard let since, isLowered(at: now) else { return nil }
        let needed = (Double(limit(at: now) + 1) - base) / (Self.gainPerSecond * Double(configured))
        // A nanosecond more than the division says, so that it is surely reached then.
        return max(now, since + .nanoseconds(Int64(needed * 1e9))) + .nanoseconds(1)
    }

    /// The server refused a call for frequency. Calls that left before the last halving say nothing new.
    /// - Returns: Whether N was halved.
    mutating func refused(callStartedAt start: Moment, now: Moment) -> Bool {
        if let since, start < since { return false }
        base = max(1, (value(at: now) / 2).rounded(.down))
        since = now
        return true
    }

    private func value(at now: Moment) -> Double {
        guard let since else { return base }
        let seconds = Double((now - since).nanoseconds) / 1e9
        return min(Double(configured), base + Self.gainPerSecond * Double(configured) * seconds)
    }
}

import NIOCore

/// Tokens come at an even rate, and up to a second's worth of them is kept.
struct TokenBucket: CallLimiter {
    static let name = "token bucket"

    private let rate: Int
    /// Tokens there were at the time `counted`, parts of one too.
    private var tokens: Double
    private var counted: NIODeadline?

    init(rate: Int) {
        self.rate = rate
        tokens = Double(rate)
    }

    func earliestStart(now: NIODeadline) -> NIODeadline {
        let missing = 1 - tokens(now)
        // Rounded up, so that the token is there when the time has come.
        return missing > 0 ? now + .nanoseconds(Int64((missing / Double(rate) * 1e9).rounded(.up))) : now
    }

    mutating func take(now: NIODeadline) {
        tokens = tokens(now) - 1
        counted = now
    }

    private func tokens(_ now: NIODeadline) -> Double {
        guard let counted else { return tokens }
        return min(Double(rate), tokens + Double((now - counted).nanoseconds) / 1e9 * Double(rate))
    }
}

import AttributeValues

/// How long to wait before a call is tried again: exponential, with full jitter.
enum Backoff {
    /// The longest wait before the first retry.
    static let base: Duration = .milliseconds(100)
    /// The longest wait of all.
    static let cap: Duration = .seconds(5)
    /// Attempts after which no more is made.
    static let maximumAttempts = 6

    /// - Parameter attempts: How many have failed, at least 1.
    static func delay(attempts: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let longest = min(cap, base * (1 << min(attempts - 1, 10)))
        return .nanoseconds(Int64.random(in: 0...longest.nanoseconds, using: &generator))
    }
}

/// Numbers that are the same for the same seed (SplitMix64), so that a run of the scheduler can be repeated.
struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

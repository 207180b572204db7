/// How long to wait before connecting again: not at all after a connection that has answered; after those that could not be
/// made, or ended without an answer, 50 ms, 100 ms, … up to 1 s, and a random part, so that a crowd of clients does not come
/// back at the same moment.
struct ReconnectPauses {
    private static let first: Duration = .milliseconds(50)
    private static let longest: Duration = .seconds(1)
    private var failures = 0

    /// To be called for each answer.
    mutating func answered() { failures = 0 }

    /// The pause after a connection that could not be made.
    mutating func afterFailure() -> Duration {
        failures += 1
        return pause
    }

    /// The pause after a connection that has ended.
    mutating func afterEnd(hasAnswered: Bool) -> Duration {
        if hasAnswered { return .zero }
        defer { failures += 1 }
        return pause
    }

    private var pause: Duration {
        if failures == 0 { return .zero }
        let pause = min(Self.first * (1 << min(failures - 1, 10)), Self.longest)
        return pause + pause * Double.random(in: 0...0.25)
    }
}

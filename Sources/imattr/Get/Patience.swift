import IMAttrClient
import Synchronization

/// Whether a large job goes on asking after an error that may pass: as long as something is answered now and then. A job of which
/// nothing has been answered, and nothing is being asked, gets the error.
final class Patience: Sendable {
    /// How long there may be no answer at all.
    static let limit: Duration = .seconds(60)
    /// The shortest pause before asking again.
    static let shortestPause: Duration = .milliseconds(100)

    private struct State {
        var asking = 0
        var latestAnswer: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// A request leaves.
    func noteAsking() { state.withLock { $0.asking += 1 } }

    /// It was answered.
    func noteAnswer(now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            state.asking -= 1
            state.latestAnswer = now
        }
    }

    /// It ended with an error. Gives how long to wait before asking again; nil if the error is to be reported.
    func pause(after error: IMAttrError, now: ContinuousClock.Instant = .now) -> Duration? {
        let hasHope = state.withLock { state in
            state.asking -= 1
            guard let latest = state.latestAnswer else { return state.asking > 0 }
            return now - latest < Self.limit
        }
        guard error.retryable, hasHope else { return nil }
        return max(.milliseconds(error.retryAfterMs ?? 1000), Self.shortestPause)
    }
}

import AttributeValues
@testable import CallScheduling

/// A limiter as they are found elsewhere: it looks at what leaves, not at what arrives. Only to compare with.
protocol SendLimiter {
    /// The first moment, not before `now`, at which a call may leave.
    func earliestStart(now: Moment) -> Moment
    mutating func take(now: Moment)
}

/// A bucket of N tokens, refilled by N a second.
struct TokenBucket: SendLimiter {
    let rate: Double
    private var tokens: Double
    private var at = Moment(nanoseconds: 0)

    init(rate: Int) {
        self.rate = Double(rate)
        tokens = Double(rate)
    }

    private func tokens(at now: Moment) -> Double { min(rate, tokens + Double((now - at).nanoseconds) / 1e9 * rate) }

    func earliestStart(now: Moment) -> Moment {
        now + .nanoseconds(Int64(max(0, 1 - tokens(at: now)) / rate * 1e9) + (tokens(at: now) < 1 ? 1 : 0))
    }

    mutating func take(now: Moment) {
        tokens = tokens(at: now) - 1
        at = now
    }
}

/// Even spacing (a generic cell rate algorithm without a burst).
struct EvenSpacing: SendLimiter {
    let rate: Int
    private var due = Moment(nanoseconds: 0)

    init(rate: Int) { self.rate = rate }

    func earliestStart(now: Moment) -> Moment { max(now, due) }

    mutating func take(now: Moment) { due = max(now, due) + .nanoseconds(1_000_000_000 / Int64(rate)) }
}

/// The moments of the last N sends: another leaves a second after the oldest.
struct LogOfSends: SendLimiter {
    let rate: Int
    private var sends: [Moment] = []
    private var next = 0

    init(rate: Int) { self.rate = rate }

    func earliestStart(now: Moment) -> Moment { sends.count < rate ? now : max(now, sends[next] + .seconds(1)) }

    mutating func take(now: Moment) {
        if sends.count < rate { return sends.append(now) }
        sends[next] = now
        next = (next + 1) % rate
    }
}

extension SendLimiter {
    /// The most calls that a second at the server sees, when calls always wait.
    mutating func worstSecond(_ network: SimulatedNetwork, calls: Int, seed: UInt64) -> Int {
        var generator = SeededGenerator(seed: seed)
        var server = ServerRecord()
        var now = Moment(nanoseconds: 1_000_000_000)
        for call in 0..<calls {
            now = earliestStart(now: now)
            take(now: now)
            server.count(at: Double(now.nanoseconds) / 1e9 + network.out.seconds(call: call, &generator))
        }
        return server.worstSecond
    }
}

import NIOCore

/// A generic cell rate algorithm without tolerance: no two calls closer together than a second divided by the rate.
struct EvenSpacing: CallLimiter {
    static let name = "even spacing (GCRA)"

    private let spacing: TimeAmount
    private var due: NIODeadline?

    init(rate: Int) {
        spacing = .nanoseconds(1_000_000_000 / Int64(rate))
    }

    func earliestStart(now: NIODeadline) -> NIODeadline { max(now, due ?? now) }
    mutating func take(now: NIODeadline) { due = max(now, due ?? now) + spacing }
}

import AttributeValues

/// Spreads calls over the second, so that a newcomer need not wait for the end of another caller's burst.
///
/// A generic cell rate algorithm: one call every 1/N second, and up to N/10 of them early. It does not keep the limit
/// (``SlotTable`` does); it keeps waiting times even. Due times are absolute, so that being late once costs nothing.
public struct Pacer: Sendable {
    /// Calls in a second.
    public var rate: Int
    /// When the next call would be due if calls left evenly.
    private var due: Moment?

    /// A pacer for `rate` calls a second.
    public init(rate: Int) {
        self.rate = rate
    }

    /// Time between calls in the long run.
    public var spacing: Duration { .nanoseconds(spacingNanoseconds) }
    private var spacingNanoseconds: Int64 { 1_000_000_000 / Int64(rate) }
    /// Calls that may leave at once after a pause.
    public var burst: Int { max(1, rate / 10) }

    /// The first moment, not before `now`, at which `count` calls more may have left.
    public func earliestStart(of count: Int = 1, now: Moment) -> Moment {
        guard let due, due > now || count > burst else { return now }
        // In whole nanoseconds: the standard library's product of a duration costs hundreds of instructions.
        let wait = spacingNanoseconds.multipliedReportingOverflow(by: Int64(count - burst))
        return wait.overflow ? .distantFuture : max(now, max(now, due) + .nanoseconds(wait.partialValue))
    }

    /// Calls wait for slots. Those that come back together would leave together, come back together again, and so on for
    /// as long as there is a backlog; so only few of them may.
    public mutating func backlogged(now: Moment) {
        due = max(due ?? now, now + .nanoseconds(spacingNanoseconds * Int64(burst - backlogBurst)))
    }

    /// Calls that may leave at once while others wait for slots.
    private var backlogBurst: Int { max(1, rate / 30) }

    /// A call leaves. Only when ``earliestStart(of:now:)`` is not after `now`.
    public mutating func take(now: Moment) {
        due = max(now, due ?? now) + spacing
    }
}

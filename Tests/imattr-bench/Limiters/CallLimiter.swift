import NIOCore

/// One of the usual ways to keep to a number of calls a second: by what leaves.
protocol CallLimiter: Sendable {
    /// For the table.
    static var name: String { get }

    /// A limiter for `rate` calls a second.
    init(rate: Int)

    /// The first moment, not before `now`, at which the next call may leave.
    func earliestStart(now: NIODeadline) -> NIODeadline

    /// A call leaves. Only when ``earliestStart(now:)`` is not after `now`.
    mutating func take(now: NIODeadline)
}

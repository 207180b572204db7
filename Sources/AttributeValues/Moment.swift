/// A point on a clock that never steps and on which time asleep counts. The scheduler never reads a clock: time is an argument.
public struct Moment: Comparable, Hashable, Sendable {
    /// Nanoseconds since an origin that stays the same as long as the machine runs.
    public let nanoseconds: Int64

    /// A point that many nanoseconds after the origin.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The origin: nothing comes before it.
    public static let distantPast = Moment(nanoseconds: 0)
    /// So late that nothing comes after it.
    public static let distantFuture = Moment(nanoseconds: .max)

    /// Whether `left` comes before `right`.
    public static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The point that lies `duration` after `moment`.
    public static func + (moment: Moment, duration: Duration) -> Moment {
        Moment(nanoseconds: moment.nanoseconds + duration.nanoseconds)
    }

    /// The point that lies `duration` before `moment`.
    public static func - (moment: Moment, duration: Duration) -> Moment {
        Moment(nanoseconds: moment.nanoseconds - duration.nanoseconds)
    }

    /// How long it is from `start` to `end`; negative if `end` comes first.
    public static func - (end: Moment, start: Moment) -> Duration {
        .nanoseconds(end.nanoseconds - start.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds; what is finer is dropped. Holds for up to 292 years.
    public var nanoseconds: Int64 {
        // Its components would be found by dividing 128 bits, each time anew.
        if let small = Int64(exactly: attoseconds) { return small / 1_000_000_000 }
        return Int64(truncatingIfNeeded: attoseconds / 1_000_000_000)
    }

    /// Whole milliseconds, rounded up, so that waiting so long is long enough.
    public var millisecondsRoundedUp: Int64 {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return rest > 0 ? whole + 1 : whole
    }
}

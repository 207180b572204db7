import AttributeValues
import DequeModule

/// The least round trip seen lately, of which the limiter counts on a part.
struct RoundTrips: Sendable {
    /// How far back round trips count.
    static let window: Duration = .seconds(60)
    /// Samples within the window before any credit is given: the least of a few may be far from the least possible.
    static let samplesNeeded = 20

    /// The part that is counted on, 0…0.95.
    let credit: Double
    /// When the last samples came, as many as are needed.
    private var latest: Deque<Moment> = []
    /// Ascending round trips, each the least of all that came after it.
    private var least: Deque<(at: Moment, roundTrip: Duration)> = []

    init(credit: Double) { self.credit = credit }

    /// c: a lower bound of the time between a call's leaving and its answer's coming, as far as it was seen.
    mutating func lowerBound(now: Moment) -> Duration {
        let start = now - Self.window
        while let first = least.first, first.at < start { least.removeFirst() }
        guard latest.count == Self.samplesNeeded, let oldest = latest.first, oldest >= start,
            let first = least.first
        else { return .zero }
        return .nanoseconds(Int64(Double(first.roundTrip.nanoseconds) * credit))
    }

    /// A call was answered on a connection that had answered one before.
    mutating func add(_ roundTrip: Duration, at now: Moment) {
        latest.append(now)
        if latest.count > Self.samplesNeeded { latest.removeFirst() }
        while let last = least.last, last.roundTrip >= roundTrip { least.removeLast() }
        least.append((now, roundTrip))
    }

    /// No connection is left: the next one may take another way.
    mutating func forget() { self = RoundTrips(credit: credit) }
}

import AttributeValues
import UpstreamClient

/// Two clocks, read together.
public struct ClockReading: Sendable {
    /// With the time that the machine slept.
    public var moment: Moment
    /// Without it.
    public var awake: Moment

    /// Sets both.
    public init(moment: Moment, awake: Moment) {
        self.moment = moment
        self.awake = awake
    }

    /// The clocks as they are.
    public static func now() -> ClockReading {
        // In this order: the difference is never larger than it is in truth.
        let moment = Moment.now()
        return ClockReading(moment: moment, awake: .nowAwake())
    }

    /// How long the machine has slept since it was started, or a little less.
    var asleep: Duration { moment - awake }
}

/// Notices that the machine has slept.
struct SleepWatch {
    private(set) var asleep: Duration

    /// What two readings of clocks may be apart, and far less than the error of a clock that the kernel measures a sleep by, of which
    /// the limiter has to be protected.
    private static let tolerance: Duration = .milliseconds(1)

    init(_ reading: ClockReading) { asleep = reading.asleep }

    /// Whether the machine has slept since it was asked last.
    mutating func noticesSleep(in reading: ClockReading) -> Bool {
        defer { asleep = max(asleep, reading.asleep) }
        return reading.asleep > asleep + Self.tolerance
    }
}

import AttributeValues

/// A text that all callers share: however often they ask, it is built ten times a second on average.
///
/// A caller that asks rarely gets a new text each time, since a few builds are kept in hand. Under a flood of requests
/// the text is at most ``interval`` old. A change that must be seen at once discards it.
struct SharedText {
    /// The least time between builds, on average.
    static let interval: Duration = .milliseconds(100)
    /// Builds that may follow each other at once after a while without any.
    static let burst = 5

    private var text: [UInt8]?
    /// When the builds so far would have ended if each had taken ``interval``.
    private var paidUntil = Moment(nanoseconds: .min / 2)
    /// Builds so far.
    private(set) var builds = 0

    /// The text, if it is still good; else it is to be built and given to ``keep(_:at:)``.
    func current(at now: Moment) -> [UInt8]? {
        let mayBuild = paidUntil - now <= Self.interval * (Self.burst - 1)
        return mayBuild ? nil : text
    }

    /// Takes a new text.
    /// - Returns: The same.
    mutating func keep(_ new: [UInt8], at now: Moment) -> [UInt8] {
        text = new
        builds += 1
        // No more is owed than the burst, so that no text gets older than the interval.
        paidUntil = min(max(paidUntil, now) + Self.interval, now + Self.interval * Self.burst)
        return new
    }

    /// Has the next one who asks get a new text.
    mutating func discard() { text = nil }
}

/// The texts about the daemon as a whole.
struct SharedTexts {
    /// The result of `getStatus`.
    var status = SharedText()
    /// The metrics without users, in the format of OpenMetrics.
    var metrics = SharedText()
    /// The metrics with users, in each format that was asked for.
    var metricsWithUsers: [MetricsFormat: SharedText] = [:]
    /// The latter as a gzip file, in the format and of the build that was asked for last.
    var compressedMetrics: (format: MetricsFormat, build: Int, file: [UInt8])?
    /// The result of a caller's `getMetrics`, and which build of the metrics is in it.
    var metricsResult: (build: Int, json: [UInt8])?
    /// The result of `rpc.discover`.
    var discovery = SharedText()
    /// The same for the callers of a rule that does not give them all methods, by its name.
    var discoveryByRule: [String: SharedText] = [:]

    /// The state or the configuration is another one: no text from before is given any more.
    mutating func discard() {
        status.discard()
        metrics.discard()
        for format in metricsWithUsers.keys { metricsWithUsers[format]?.discard() }
        metricsResult = nil
        discovery.discard()
        discoveryByRule = [:]
    }
}

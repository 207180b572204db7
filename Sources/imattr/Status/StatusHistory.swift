/// What changed between statuses, newest last: what a live view shows.
struct StatusHistory {
    /// One interval.
    struct Sample: Hashable {
        /// Calls to upstream in a second.
        var callsPerSecond = 0.0
        /// Accounts that were asked for in a call, on the average; nil if there was no call.
        var accountsPerCall: Double?
        var waitingAccounts = 0
        var slotsHeld = 0
    }

    private(set) var samples: [Sample] = []
    private let capacity: Int
    private var last: (status: DaemonStatus, at: Duration)?

    init(capacity: Int) { self.capacity = capacity }

    /// Adds a status; the first, and the first of a restarted daemon, only sets where counting begins.
    ///
    /// - Parameter now: The time of the status on any clock that only moves forward.
    /// - Returns: The interval that has ended, if one has.
    @discardableResult
    mutating func append(_ status: DaemonStatus, at now: Duration) -> Sample? {
        defer { last = (status, now) }
        guard let last, last.status["pid"] == status["pid"], now > last.at else { return nil }
        let sample = Self.sample(last.status, status, over: now - last.at)
        samples.append(sample)
        if samples.count > capacity { samples.removeFirst() }
        return sample
    }

    private static func sample(_ old: DaemonStatus, _ new: DaemonStatus, over time: Duration) -> Sample {
        func growth(_ name: String) -> Int { max(0, (new.integer(name) ?? 0) - (old.integer(name) ?? 0)) }
        let calls = growth("counters.calls")
        return Sample(
            callsPerSecond: Double(calls) / (time / .seconds(1)),
            accountsPerCall: calls == 0 ? nil : Double(growth("counters.accounts")) / Double(calls),
            waitingAccounts: new.integer("queue.waitingAccounts") ?? 0,
            slotsHeld: new.integer("limiter.slotsHeld") ?? 0)
    }
}

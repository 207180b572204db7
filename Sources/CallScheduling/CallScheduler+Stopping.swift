import AttributeValues

extension CallScheduler {
    /// The daemon stops: no call leaves any more. Requests whose calls are all under way may finish until `deadline`;
    /// all others end now. What was under way for them is given up.
    public mutating func stop(deadline: Moment, now: Moment) -> [Action] {
        guard stopDeadline == nil else { return [] }
        stopDeadline = deadline
        shutDown(searches.endAll())
        while let load = retries.takeRepeat() { shutDown(load.rides) }
        lanes.removeTests()
        beginSweep(.stopping)
        return timePasses(to: now)
    }

    /// Whether nothing is left that could be seen by the server or waited for: all slots are free, so that the next
    /// process starts with as much right to call as this one had.
    public var isDrained: Bool { requests.isEmpty && calls.isEmpty && limiter.held == 0 }

    /// While stopping: gives up the calls that no request waits for, and after the deadline ends all requests.
    mutating func giveUpCalls(now: Moment, at deadline: Moment, _ actions: inout [Action]) {
        if now >= deadline, !requests.isEmpty, ends.sweep == nil { beginSweep(.stopped) }
        let requests = requests
        for key in calls.giveUpUnwanted(isWanted: { requests.isWanted($0) }) { actions.append(.abandon(key)) }
    }

    /// Nothing is known of the calls that an earlier process made before `moment`: all slots count as used then.
    public mutating func assumeAllSlotsUsed(at moment: Moment) {
        limiter.assumeAllUsed(at: moment)
    }

    /// Gives what has become of the slots since the last time, to be written down, if at all, before the started calls leave.
    public mutating func takeSlotChanges(_ take: ([SlotTable.Change]) -> Void) { limiter.takeChanges(take) }

    /// Goes on where a process that was killed has stopped.
    /// - Parameter states: What that process had written down of its slots.
    public mutating func restoreSlots(_ states: [SlotTable.State], now: Moment) {
        limiter.restore(states, now: now)
    }
}

/// Decides what the service manager is told at each of the watchdog's turns.
public struct LifeSigns {
    /// What to do.
    public enum Sign: Hashable, Sendable {
        /// The daemon works: report it.
        case alive
        /// The scheduler cannot go on: have the daemon killed at once.
        case broken
        /// The loop has not come round since the last time: report nothing, so that the daemon is killed if that goes
        /// on.
        case silent
    }

    private var lastTurns: Int?

    /// Nothing has been reported yet.
    public init() {}

    /// - Parameters:
    ///   - turns: Turns of the loop that have ended. A loop that runs its tasks for ever, and so never looks at a
    ///     socket again, still runs the watchdog's own task; but it ends no turn.
    ///   - isSound: Whether the scheduler can go on.
    public mutating func next(turns: Int, isSound: Bool) -> Sign {
        if !isSound { return .broken }
        defer { lastTurns = turns }
        return turns == lastTurns ? .silent : .alive
    }
}

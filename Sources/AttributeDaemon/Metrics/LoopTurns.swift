import NIOCore
import NIOPosix
import Synchronization

/// Measures how long the turns of an event loop take.
///
/// A turn is what the loop does between two waits for events: it handles sockets, and then runs tasks until there is
/// none left. NIO reports the time of the tasks alone, since it takes the time of day after the sockets. So whatever is
/// done for a socket notes the beginning of the turn, which is an atomic load for all but the first of a turn: nothing
/// is done, and the loop not woken, for the sake of measuring. Not in the time is what NIO does before the first note
/// of a turn: one read of a socket, which is at most some kilobytes, and what is made of it until the note.
public final class LoopTurns: NIOEventLoopMetricsDelegate {
    /// Nanoseconds of the loop's clock; 0 while no turn has been noted.
    private let begunAt = Atomic<UInt64>(0)
    /// What was noted as small in this turn.
    private let small = Atomic<Int>(0)
    private let finished = Atomic<Int>(0)
    private let times = Mutex(Histogram(bounds: bounds))

    /// Bounds of the buckets, in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// Nothing is measured yet.
    public init() {}

    /// Something is done for a socket. To be called on the loop.
    func note() {
        guard begunAt.load(ordering: .relaxed) == 0 else { return }
        begunAt.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
    }

    /// Something small is done for a socket, such as answering a `ping`. A turn with fewer than eight of these and nothing
    /// else is not measured: to do so takes a fiftieth of the time of a `ping`.
    func noteSmall() {
        let count = small.load(ordering: .relaxed) + 1
        small.store(count, ordering: .relaxed)
        if count >= 8 { note() }
    }

    /// Turns that have ended.
    var count: Int { finished.load(ordering: .relaxed) }

    /// Seconds that the turns took in which anything was done.
    var histogram: Histogram { times.withLock { $0 } }

    /// The loop has run its tasks, and looks at its sockets next.
    public func processedTick(info: NIOEventLoopTickInfo) {
        turnEnded(tasks: info.numberOfTasks, begunAt: info.startTime, at: info.endTime)
    }

    /// - Parameters:
    ///   - tasks: How many tasks were run.
    ///   - start: When the first of them was begun.
    func turnEnded(tasks: Int, begunAt start: NIODeadline, at end: NIODeadline) {
        finished.add(1, ordering: .relaxed)
        let noted = begunAt.load(ordering: .relaxed)
        if noted != 0 { begunAt.store(0, ordering: .relaxed) }
        small.store(0, ordering: .relaxed)
        if noted == 0, tasks == 0 { return }
        let tasksBegan = start.uptimeNanoseconds
        let began = noted == 0 ? tasksBegan : min(noted, tasksBegan)
        let ended = end.uptimeNanoseconds
        times.withLock { $0.add(Double(ended > began ? ended - began : 0) / 1e9) }
    }
}

/// Decides what is reported to the service manager at each of the watchdog's turns.
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

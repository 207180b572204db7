import Glibc
import NIOCore

/// Measures how long the turns of an event loop take. Lives on that loop.
///
/// A turn is what the loop does between two waits for events: it handles sockets, and then runs tasks until there is none left. Work is
/// noted piece by piece. When half a millisecond of it has come together, be it in one turn or in many, the rest of the turn is measured:
/// a task looks for the turn's end, which queues itself again behind all others until none has run in between. So every turn that takes
/// long is measured, but for its first half millisecond, and of short ones some are.
///
/// Both the time by the clock, in which other threads may have had the processor, and the loop's own processor time are measured.
///
/// NIO would report each turn, but that takes a twentieth of the time of a `ping`.
final class LoopTurns {
    private enum State {
        /// So much work was noted that is in no turn that was measured, in nanoseconds.
        case idle(Int64)
        /// The thread's processor time at the same moment is in nanoseconds.
        case begun(at: NIODeadline, processor: Int64)
    }

    /// Work until a turn is measured.
    static let smallWork: TimeAmount = .microseconds(500)
    /// Time in which no task that matters has run.
    private static let nearlyNothing: TimeAmount = .microseconds(50)
    /// Bounds of the buckets, in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private let eventLoop: any EventLoop
    private let memory: MemoryReturn
    private var state = State.idle(0)
    /// Of the last turn that was measured, in nanoseconds.
    private var processorTimeAtEnd: Int64 = 0
    /// Seconds that the turns took, by the clock.
    private(set) var histogram = Histogram(bounds: bounds)
    /// Seconds of processor time that the turns took; at most the time by the clock.
    private(set) var processorHistogram = Histogram(bounds: bounds)

    /// Nothing is measured yet.
    /// - Parameter memory: Each turn that was measured is noted there as work.
    init(_ eventLoop: any EventLoop, memory: MemoryReturn) {
        self.eventLoop = eventLoop
        self.memory = memory
    }

    /// A turn is to be measured from now on, because something is done that may take long.
    func note() { add(Self.smallWork, since: nil) }

    /// Something small is done, and no clock is read for it.
    /// - Parameter estimate: How long it takes, about.
    @inline(__always)
    func note(about estimate: TimeAmount) { add(estimate, since: nil) }

    /// Something was done.
    /// - Parameter start: When it was begun.
    func note(since start: NIODeadline) { add(.now() - start, since: start) }

    @inline(__always)
    private func add(_ work: TimeAmount, since start: NIODeadline?) {
        guard case .idle(let before) = state else { return }
        let sum = before + work.nanoseconds
        if sum < Self.smallWork.nanoseconds { state = .idle(sum) } else { begin(at: start ?? .now()) }
    }

    private func begin(at start: NIODeadline) {
        let elapsed = (NIODeadline.now() - start).nanoseconds
        // What the thread had at the start is not known: at least what it had at the end of the turn before, and of the time since the
        // start it had all at most.
        state = .begun(at: start, processor: max(processorTimeAtEnd, Self.processorTime() - elapsed))
        lookForEnd(since: nil)
    }

    /// - Parameter last: When it was looked for before in this turn.
    private func lookForEnd(since last: NIODeadline?) {
        eventLoop.assumeIsolated().execute { [self] in
            let now = NIODeadline.now()
            if let last, now - last < Self.nearlyNothing { end(at: now) } else { lookForEnd(since: now) }
        }
    }

    private func end(at now: NIODeadline) {
        guard case .begun(let start, let processor) = state else { return }
        state = .idle(0)
        histogram.add(Double((now - start).nanoseconds) / 1e9)
        processorTimeAtEnd = Self.processorTime()
        processorHistogram.add(Double(processorTimeAtEnd - processor) / 1e9)
        memory.noteWork()
    }

    /// Processor time of this thread so far, in nanoseconds.
    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
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
    ///   - turns: How often the loop was seen to look at its sockets. A loop that runs its tasks for ever, and so never does that
    ///     again, still runs the watchdog's own task.
    ///   - isSound: Whether the scheduler can go on.
    public mutating func next(turns: Int, isSound: Bool) -> Sign {
        if !isSound { return .broken }
        defer { lastTurns = turns }
        return turns == lastTurns ? .silent : .alive
    }
}

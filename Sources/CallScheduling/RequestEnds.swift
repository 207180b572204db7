import AttributeValues
import DequeModule

/// What ends requests and has not been done yet. It is given out in pieces, so that no turn of the loop takes long.
struct RequestEnds: Sendable {
    /// What became of an account.
    enum Verdict: Sendable {
        /// Upstream answered, at this place of its answer.
        case answered(AccountResults, place: Int)
        case failed(CallFailure)
    }

    /// Which of the requests that wait end, and how.
    enum Sweep: Sendable {
        /// The gate is closed: what waits fails.
        case closed
        /// The daemon stops: requests that wait end.
        case stopping
        /// The time for stopping is over: all requests end.
        case stopped
    }

    /// A verdict that many requests wait for.
    private struct Settlement {
        let waiters: Waiters
        let verdict: Verdict
        /// How many of the waiters have been given it.
        var given = 0
    }

    private struct SweepUnderWay {
        let reason: Sweep
        /// The request that came last before it.
        let last: UInt64
        /// The place where it goes on.
        var place = 0
    }

    /// Accounts whose requests end in one turn, about: each request counts for a few more than it has.
    var workPerTurn = 10_000
    /// How many are left of these; events that come together in one turn share them.
    private(set) var workLeft = 10_000
    /// Requests that are given a verdict at once; more are given it in pieces of this size.
    var pieceSize = 1024

    private var settlements: Deque<Settlement> = []
    /// The ends of requests that had to make room.
    private var displaced: [CallScheduler.Action] = []
    /// Requests that are complete and not answered yet.
    private var complete: Deque<RequestKey> = []
    /// Requests that end because the scheduler stops, and are not answered yet.
    private var interrupted: Deque<RequestKey> = []
    private var sweepUnderWay: SweepUnderWay?

    var isEmpty: Bool {
        displaced.isEmpty && complete.isEmpty && settlements.isEmpty && interrupted.isEmpty && sweepUnderWay == nil
    }

    /// A new turn begins.
    mutating func beginTurn() { workLeft = workPerTurn }

    /// So much of the turn's work was done.
    mutating func spend(_ work: Int) { workLeft -= work }

    // MARK: What comes in

    /// A verdict is to be given to more requests than one turn should take.
    mutating func settle(_ waiters: Waiters, _ verdict: Verdict) {
        settlements.append(Settlement(waiters: waiters, verdict: verdict))
    }

    mutating func displace(_ end: CallScheduler.Action) { displaced.append(end) }

    mutating func complete(_ key: RequestKey) { complete.append(key) }

    mutating func interrupt(_ key: RequestKey) { interrupted.append(key) }

    /// Requests that are open are to end. An earlier sweep is over: this one does all that it has left.
    /// - Parameter last: The number of the request that came last.
    mutating func begin(_ reason: Sweep, last: UInt64) { sweepUnderWay = SweepUnderWay(reason: reason, last: last) }

    mutating func endSweep() { sweepUnderWay = nil }

    // MARK: What is done next

    var hasVerdicts: Bool { !settlements.isEmpty }

    /// The next requests that are to be given a verdict, each with the account's index in it; nil if there are none.
    mutating func takeVerdict() -> (waiters: [(RequestKey, Int)], verdict: Verdict)? {
        guard let first = settlements.first else { return nil }
        let piece = first.waiters.piece(from: first.given, count: pieceSize)
        if piece.isLast { settlements.removeFirst() } else { settlements[settlements.startIndex].given = piece.end }
        return (piece.waiters, first.verdict)
    }

    mutating func takeDisplaced() -> [CallScheduler.Action] {
        if displaced.isEmpty { return [] }
        defer { displaced = [] }
        return displaced
    }

    mutating func takeComplete() -> RequestKey? { complete.popFirst() }

    mutating func takeInterrupted() -> RequestKey? { interrupted.popFirst() }

    /// The sweep under way.
    var sweep: Sweep? { sweepUnderWay?.reason }

    /// The next open request of the sweep, in the order of their places.
    /// - Parameter work: One less for each place that was looked at; at 0 the sweep goes on in the next turn.
    mutating func takeSwept(in requests: RequestTable, _ work: inout Int) -> RequestKey? {
        guard var sweep = sweepUnderWay else { return nil }
        defer { sweepUnderWay = sweep.place < requests.places ? sweep : nil }
        while work > 0, sweep.place < requests.places {
            work -= 1
            let key = requests.key(at: sweep.place)
            sweep.place += 1
            if let key, key.number <= sweep.last { return key }
        }
        return nil
    }
}

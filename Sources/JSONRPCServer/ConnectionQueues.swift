import NIOCore

/// Connections that go on in a later turn of the loop, in lanes that take turns: one lane for each principal, so that a
/// principal with many connections does not delay one with few.
struct TurnQueue<Member> {
    private var lanes: [CircularBuffer<Member>] = []
    /// The lanes that have members, in the order of their turns.
    private var order = CircularBuffer<Int>()
    /// Members in all lanes.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// - Parameter lane: A small number, as the queue keeps a place for each lane up to the largest.
    mutating func append(_ member: Member, lane: Int) {
        while lanes.count <= lane { lanes.append(CircularBuffer()) }
        if lanes[lane].isEmpty { order.append(lane) }
        lanes[lane].append(member)
        count += 1
    }

    /// Takes the first member of the lane whose turn it is.
    mutating func next() -> Member? {
        guard let lane = order.popFirst(), let member = lanes[lane].popFirst() else { return nil }
        if !lanes[lane].isEmpty { order.append(lane) }
        count -= 1
        return member
    }
}

/// Connections whose answers are written together: those of one turn of the loop, or those that are given by one call of
/// ``JSONRPCServer/answerTogether(_:)``.
struct FlushQueue<Member> {
    private enum State {
        /// No flush is due.
        case idle
        /// A flush comes at the end of this turn of the loop.
        case scheduled
        /// Answers are collected, and flushed by the caller of ``collect()``.
        case collecting
    }

    private var state = State.idle
    private var members: [Member] = []
    /// The list that is not in use: always empty, kept for its memory.
    private var spare: [Member] = []
    private static var keptCapacity: Int { 1024 }

    /// Notes a connection to be flushed.
    /// - Returns: Whether a flush is to be scheduled.
    mutating func append(_ member: Member) -> Bool {
        members.append(member)
        guard case .idle = state else { return false }
        state = .scheduled
        return true
    }

    /// Answers are collected from now on, until ``takeAll()``.
    mutating func collect() { state = .collecting }

    /// The connections to be flushed now. The list is given back by ``giveBack(_:)``.
    mutating func takeAll() -> [Member] {
        state = .idle
        var taken: [Member] = []
        swap(&taken, &spare)
        swap(&taken, &members)
        return taken
    }

    /// Takes back the memory of a list that was flushed.
    mutating func giveBack(_ list: consuming [Member]) {
        list.removeAll(keepingCapacity: list.capacity <= Self.keptCapacity)
        spare = list
    }
}

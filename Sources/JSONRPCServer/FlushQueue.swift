/// Connections whose answers are written together: those of one turn of the loop, or those that are given by one call of
/// ``JSONRPCServer/answerTogether(_:)``.
struct FlushQueue<Member> {
    private enum State {
        /// No flush is due.
        case idle
        /// A flush comes at the end of this turn of the loop.
        case scheduled
        /// Answers are collected, and whoever collects them flushes.
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

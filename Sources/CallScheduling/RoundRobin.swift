import DequeModule

/// Members that take turns.
struct RoundRobin<Member: Hashable & Sendable>: Sendable {
    private var ring: Deque<Member> = []

    /// Lets a member, which takes no turns yet, take its turn from now on, after all others.
    mutating func add(_ member: Member) { ring.append(member) }

    /// Whose turn it is; nil if there are no members.
    var current: Member? { ring.first }

    /// How many members there are.
    var count: Int { ring.count }

    var isEmpty: Bool { ring.isEmpty }

    /// Whose turn it is after so many others'.
    func upcoming(after turns: Int) -> Member? { ring.isEmpty ? nil : ring[turns % ring.count] }

    /// The current member has had its turn.
    mutating func rotate() {
        guard ring.count > 1, let member = ring.popFirst() else { return }
        ring.append(member)
    }

    /// The current member takes no more turns.
    @discardableResult
    mutating func removeCurrent() -> Member? { ring.popFirst() }

    mutating func remove(_ member: Member) { ring.removeAll { $0 == member } }

    /// Lets all members of another ring take their turns after those of this one.
    mutating func takeAll(of other: inout RoundRobin<Member>) {
        ring.append(contentsOf: other.ring)
        other.ring = []
    }
}

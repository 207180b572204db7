import DequeModule

/// Takes turns: deficit round robin with one unit a turn. Who owes units is passed over until they are worked off.
struct RoundRobin<Member: Hashable & Sendable>: Sendable {
    private var ring: Deque<Member> = []
    private var debts: [Member: Int] = [:]

    /// More than this is never owed.
    static var maximumDebt: Int { 1000 }

    /// Lets a member, who takes no turns yet, take its turn from now on, after all others.
    mutating func add(_ member: Member) { ring.append(member) }

    /// Whose turn it is; nil if nobody takes turns.
    mutating func current() -> Member? {
        if debts.isEmpty { return ring.first }
        var passed = 0
        while let member = ring.first {
            guard let debt = debts[member] else { return member }
            // Alone, or all in debt: nothing is gained by waiting.
            if ring.count == 1 || passed == ring.count { forgive(ring.count == 1 ? debt : leastDebt) }
            guard let left = debts[member] else { return member }
            debts[member] = left > 1 ? left - 1 : nil
            passed = passed == ring.count ? 0 : passed + 1
            rotate()
        }
        return nil
    }

    /// Members that take turns.
    var count: Int { ring.count }

    /// Whose turn it is after so many others', if nobody is passed over.
    func upcoming(after turns: Int) -> Member? { ring.isEmpty ? nil : ring[turns % ring.count] }

    /// The current member has had its turn.
    mutating func rotate() {
        guard ring.count > 1, let member = ring.popFirst() else { return }
        ring.append(member)
    }

    /// The current member takes no more turns.
    mutating func removeCurrent() {
        guard ring.popFirst() != nil else { return }
        // Whoever comes back owes what it owed.
        if debts.count > 4 * ring.count + 1024 {
            let members = Set(ring)
            debts = debts.filter { members.contains($0.key) }
        }
    }

    /// A member has cost others this many units.
    mutating func charge(_ units: Int, to member: Member) {
        debts[member] = min(Self.maximumDebt, debts[member, default: 0] + units)
    }

    private var leastDebt: Int { ring.lazy.compactMap { debts[$0] }.min() ?? 0 }

    private mutating func forgive(_ units: Int) {
        for member in ring {
            guard let debt = debts[member] else { continue }
            debts[member] = debt > units ? debt - units : nil
        }
    }
}

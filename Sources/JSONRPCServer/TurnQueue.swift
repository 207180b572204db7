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

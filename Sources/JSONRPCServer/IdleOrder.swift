/// The connections of each principal in the order in which they were last heard of, the longest silent one first.
struct IdleOrder {
    private struct Node {
        var number: UInt64
        var list: Int
        var previous: Int
        var next: Int
    }

    private struct List {
        var first = none
        var last = none
    }

    private static let none = -1
    /// Connections that are looked at to find one that is idle.
    private static let longestSearch = 16

    private var nodes: [Node] = []
    private var free: [Int] = []
    private var lists: [List] = []

    /// Adds a connection as the one heard of last.
    /// - Parameters:
    ///   - number: The connection's number.
    ///   - list: The small number of its principal.
    /// - Returns: Its place.
    mutating func insert(_ number: UInt64, list: Int) -> Int {
        while lists.count <= list { lists.append(List()) }
        let node = Node(number: number, list: list, previous: Self.none, next: Self.none)
        let place: Int
        if let unused = free.popLast() {
            place = unused
            nodes[place] = node
        } else {
            place = nodes.count
            nodes.append(node)
        }
        link(place)
        return place
    }

    /// The connection at this place was heard of.
    mutating func touch(_ place: Int) {
        guard nodes[place].next != Self.none else { return }
        unlink(place)
        link(place)
    }

    /// The connection at this place is gone.
    mutating func remove(_ place: Int) {
        unlink(place)
        free.append(place)
    }

    /// The longest silent connection of a principal that is idle; if none of the first few is, the longest silent one.
    func longestIdle(in list: Int, where isIdle: (UInt64) -> Bool) -> UInt64? {
        var place = lists[list].first
        guard place != Self.none else { return nil }
        for _ in 0..<Self.longestSearch where place != Self.none {
            if isIdle(nodes[place].number) { return nodes[place].number }
            place = nodes[place].next
        }
        return nodes[lists[list].first].number
    }

    private mutating func link(_ place: Int) {
        let list = nodes[place].list
        let last = lists[list].last
        nodes[place].previous = last
        nodes[place].next = Self.none
        if last == Self.none { lists[list].first = place } else { nodes[last].next = place }
        lists[list].last = place
    }

    private mutating func unlink(_ place: Int) {
        let node = nodes[place]
        if node.previous == Self.none {
            lists[node.list].first = node.next
        } else {
            nodes[node.previous].next = node.next
        }
        if node.next == Self.none {
            lists[node.list].last = node.previous
        } else {
            nodes[node.next].previous = node.previous
        }
    }
}

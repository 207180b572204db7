/// What one member of a pot holds, and where it is in the ranking.
struct Share: Sendable {
    var held = 0
    /// Its index in the heap; -1 while it is not ranked.
    var rank: Int32 = -1
}

/// Finds the member that holds most: a binary heap of indices of shares, of which each knows its place in it.
struct Ranking: Sendable {
    private var heap: [Int32] = []

    /// The index of the share that holds most, among those that are ranked.
    var first: Int? { heap.first.map(Int.init) }

    /// As ``first``, but not this one.
    func first(except index: Int?, in shares: [Share]) -> Int? {
        guard let first, first == index else { return first }
        return heap.dropFirst().prefix(2).map(Int.init).max { shares[$0].held < shares[$1].held }
    }

    /// Puts a share where it belongs after what it holds has changed. One that holds less than `least` is left out, so that
    /// those that hold little, which are many and change all the time, cost nothing.
    mutating func update(_ index: Int, in shares: inout [Share], least: Int) {
        let rank = Int(shares[index].rank)
        if shares[index].held < least {
            if rank >= 0 { remove(at: rank, &shares) }
        } else if rank < 0 {
            heap.append(Int32(index))
            shares[index].rank = Int32(heap.count - 1)
            siftUp(heap.count - 1, &shares)
        } else {
            siftDown(siftUp(rank, &shares), &shares)
        }
    }

    private mutating func remove(at rank: Int, _ shares: inout [Share]) {
        shares[Int(heap[rank])].rank = -1
        let last = heap.removeLast()
        guard rank < heap.count else { return }
        put(last, at: rank, &shares)
        siftDown(siftUp(rank, &shares), &shares)
    }

    private mutating func put(_ index: Int32, at rank: Int, _ shares: inout [Share]) {
        heap[rank] = index
        shares[Int(index)].rank = Int32(rank)
    }

    @discardableResult
    private mutating func siftUp(_ start: Int, _ shares: inout [Share]) -> Int {
        var rank = start
        let index = heap[rank]
        let held = shares[Int(index)].held
        while rank > 0 {
            let above = (rank - 1) / 2
            guard shares[Int(heap[above])].held < held else { break }
            put(heap[above], at: rank, &shares)
            rank = above
        }
        if rank != start { put(index, at: rank, &shares) }
        return rank
    }

    private mutating func siftDown(_ start: Int, _ shares: inout [Share]) {
        var rank = start
        let index = heap[rank]
        let held = shares[Int(index)].held
        while true {
            var below = 2 * rank + 1
            guard below < heap.count else { break }
            let other = below + 1
            if other < heap.count, shares[Int(heap[other])].held > shares[Int(heap[below])].held { below = other }
            guard shares[Int(heap[below])].held > held else { break }
            put(heap[below], at: rank, &shares)
            rank = below
        }
        if rank != start { put(index, at: rank, &shares) }
    }
}

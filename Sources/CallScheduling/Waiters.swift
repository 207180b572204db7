import AttributeValues

/// Who waits for an account: the requests, each with the account's index in it.
///
/// Nearly always one, which takes no memory of its own.
struct Waiters: Sendable {
    private enum Storage: Sendable {
        case one(RequestKey, Int32)
        case many(Many)
    }

    private struct Many {
        /// A request, or none any more.
        struct Entry {
            let request: RequestKey
            /// The account's; -1 once the request has left.
            var index: Int32

            var hasLeft: Bool { index < 0 }
        }

        /// In the order in which they came; some have left.
        private(set) var order: [Entry] = []
        /// Where each is in the order. A dictionary would take several times as long, and a hundred thousand may wait for one account.
        private var places = HashIndex()

        var count: Int { places.count }

        /// The numbers come in sequence. As they are, they would fill a part of the index without a gap, and taking one out looks at all
        /// that follow it up to the next gap: multiplied by 2^64 divided by the golden ratio, they are spread over the whole of it.
        private static func hash(_ request: RequestKey) -> UInt32 {
            UInt32(truncatingIfNeeded: (request.number &* 0x9E37_79B9_7F4A_7C15) >> 32)
        }

        private func place(of request: RequestKey) -> Int? {
            places.place(of: Self.hash(request)) { order[$0].request == request }
        }

        func contains(_ request: RequestKey) -> Bool { place(of: request) != nil }

        mutating func add(_ request: RequestKey, _ index: Int32) {
            places.insert(Self.hash(request), at: order.count)
            order.append(Entry(request: request, index: index))
        }

        mutating func remove(_ request: RequestKey) {
            guard let place = place(of: request) else { return }
            order[place].index = -1
            places.remove(Self.hash(request), at: place)
            if order.count > 2 * places.count + 64 { dropLeft() }
        }

        mutating func removeAll(where leaves: (RequestKey, Int) -> Bool) {
            for place in order.indices where !order[place].hasLeft {
                if leaves(order[place].request, Int(order[place].index)) { order[place].index = -1 }
            }
            dropLeft()
        }

        private mutating func dropLeft() {
            let before = order.count
            order.removeAll(where: \.hasLeft)
            if order.count == before { return }
            places = HashIndex()
            places.reserveCapacity(order.count)
            for place in order.indices { places.insert(Self.hash(order[place].request), at: place) }
        }
    }

    private var storage: Storage

    init(_ request: RequestKey, index: Int) { storage = .one(request, Int32(index)) }

    /// One more request waits.
    /// - Parameter request: Not one that waits already.
    mutating func add(_ request: RequestKey, index: Int) {
        switch storage {
        case .one(let first, let firstIndex):
            var all = Many()
            all.add(first, firstIndex)
            all.add(request, Int32(index))
            storage = .many(all)
        case .many(var all):
            // Taken out before it is changed, so that nothing is copied.
            storage = .one(request, 0)
            all.add(request, Int32(index))
            storage = .many(all)
        }
    }

    /// Adds all of others, of whom none waits already.
    mutating func add(_ others: Waiters) { others.forEach { add($0, index: $1) } }

    /// - Returns: Whether none is left.
    mutating func remove(_ request: RequestKey) -> Bool {
        switch storage {
        case .one(let only, _): return only == request
        case .many(var all):
            storage = .one(request, 0)
            all.remove(request)
            storage = .many(all)
            return all.count == 0
        }
    }

    /// Takes out those who leave, each of whom is asked once, in the order in which they came.
    /// - Returns: Whether one is left.
    mutating func removeAll(where leaves: (RequestKey, Int) -> Bool) -> Bool {
        switch storage {
        case .one(let only, let index): return !leaves(only, Int(index))
        case .many(var all):
            if let first = all.order.first { storage = .one(first.request, 0) }
            all.removeAll(where: leaves)
            storage = .many(all)
            return all.count > 0
        }
    }

    /// The request that waits, if it is just one, and the account's index in it.
    var only: (request: RequestKey, index: Int)? {
        if case .one(let request, let index) = storage { (request, Int(index)) } else { nil }
    }

    func contains(_ request: RequestKey) -> Bool {
        switch storage {
        case .one(let only, _): only == request
        case .many(let all): all.contains(request)
        }
    }

    /// In the order in which they came, so that every run of the same events is the same.
    func forEach(_ body: (RequestKey, Int) -> Void) {
        switch storage {
        case .one(let request, let index): body(request, Int(index))
        case .many(let all):
            for entry in all.order where !entry.hasLeft { body(entry.request, Int(entry.index)) }
        }
    }

    /// Some of them, in the order in which they came.
    /// - Parameters:
    ///   - start: Where an earlier piece has ended, or 0.
    ///   - count: How many, at most.
    func piece(from start: Int, count: Int) -> (waiters: [(RequestKey, Int)], end: Int, isLast: Bool) {
        switch storage {
        case .one(let request, let index): return ([(request, Int(index))], 1, true)
        case .many(let all):
            let end = min(start + count, all.order.count)
            let waiters = all.order[start..<end].lazy.filter { !$0.hasLeft }.map { ($0.request, Int($0.index)) }
            return (Array(waiters), end, end == all.order.count)
        }
    }

    /// Whether any of them satisfies the predicate.
    func contains(where predicate: (RequestKey) -> Bool) -> Bool { first(where: predicate) != nil }

    /// The first to come of those that satisfy the predicate.
    func first(where predicate: (RequestKey) -> Bool) -> RequestKey? {
        switch storage {
        case .one(let request, _): predicate(request) ? request : nil
        case .many(let all): all.order.first { !$0.hasLeft && predicate($0.request) }?.request
        }
    }

    var count: Int {
        switch storage {
        case .one: 1
        case .many(let all): all.count
        }
    }
}

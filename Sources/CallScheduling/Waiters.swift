/// Who waits for an account: the requests, each with the account's index in it.
///
/// Nearly always one, which takes no memory of its own.
struct Waiters: Sendable {
    private enum Storage: Sendable {
        case one(RequestKey, Int32)
        case many(Many)
    }

    private struct Many {
        /// In the order in which they came; some have left.
        var order: [RequestKey]
        var indices: [RequestKey: Int32]

        mutating func add(_ request: RequestKey, _ index: Int32) {
            indices[request] = index
            order.append(request)
        }

        mutating func remove(_ request: RequestKey) {
            indices[request] = nil
            if order.count > 2 * indices.count + 64 { order.removeAll { indices[$0] == nil } }
        }
    }

    private var storage: Storage

    init(_ request: RequestKey, index: Int) { storage = .one(request, Int32(index)) }

    mutating func add(_ request: RequestKey, index: Int) {
        switch storage {
        case .one(let first, let firstIndex):
            storage = .many(Many(order: [first, request], indices: [first: firstIndex, request: Int32(index)]))
        case .many(var all):
            // Taken out before it is changed, so that nothing is copied.
            storage = .one(request, 0)
            all.add(request, Int32(index))
            storage = .many(all)
        }
    }

    /// - Returns: Whether nobody is left.
    mutating func remove(_ request: RequestKey) -> Bool {
        switch storage {
        case .one(let only, _): return only == request
        case .many(var all):
            storage = .one(request, 0)
            all.remove(request)
            storage = .many(all)
            return all.indices.isEmpty
        }
    }

    /// The request that waits, if it is just one, and the account's index in it.
    var only: (request: RequestKey, index: Int)? {
        if case .one(let request, let index) = storage { (request, Int(index)) } else { nil }
    }

    func contains(_ request: RequestKey) -> Bool {
        switch storage {
        case .one(let only, _): only == request
        case .many(let all): all.indices[request] != nil
        }
    }

    func forEach(_ body: (RequestKey, Int) -> Void) {
        switch storage {
        case .one(let request, let index): body(request, Int(index))
        // In the order in which they came, so that every run of the same events is the same.
        case .many(let all):
            for request in all.order {
                if let index = all.indices[request] { body(request, Int(index)) }
            }
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
            let waiters = all.order[start..<end].compactMap { key in all.indices[key].map { (key, Int($0)) } }
            return (waiters, end, end == all.order.count)
        }
    }

    /// For what does not depend on the order.
    func forEachUnordered(_ body: (RequestKey) -> Void) {
        switch storage {
        case .one(let request, _): body(request)
        case .many(let all): for request in all.indices.keys { body(request) }
        }
    }

    /// Whether any of them satisfies the predicate.
    func contains(where predicate: (RequestKey) -> Bool) -> Bool {
        switch storage {
        case .one(let request, _): predicate(request)
        case .many(let all): all.indices.keys.contains(where: predicate)
        }
    }

    /// The first to come of those that satisfy the predicate.
    func first(where predicate: (RequestKey) -> Bool) -> RequestKey? {
        switch storage {
        case .one(let request, _): predicate(request) ? request : nil
        case .many(let all): all.order.first { all.indices[$0] != nil && predicate($0) }
        }
    }

    var count: Int {
        switch storage {
        case .one: 1
        case .many(let all): all.indices.count
        }
    }
}

/// Who waits for an account: the requests, each with the account's index in it.
///
/// Nearly always one, which takes no memory of its own.
struct Waiters: Sendable {
    private enum Storage: Sendable {
        case one(RequestKey, Int32)
        case many([RequestKey: Int32])
    }

    private var storage: Storage

    init(_ request: RequestKey, index: Int) { storage = .one(request, Int32(index)) }

    mutating func add(_ request: RequestKey, index: Int) {
        switch storage {
        case .one(let first, let firstIndex): storage = .many([first: firstIndex, request: Int32(index)])
        case .many(var all):
            // Taken out before it is changed, so that nothing is copied.
            storage = .one(request, 0)
            all[request] = Int32(index)
            storage = .many(all)
        }
    }

    /// - Returns: Whether nobody is left.
    mutating func remove(_ request: RequestKey) -> Bool {
        switch storage {
        case .one(let only, _): return only == request
        case .many(var all):
            storage = .one(request, 0)
            all[request] = nil
            storage = .many(all)
            return all.isEmpty
        }
    }

    /// The request that waits, if it is just one, and the account's index in it.
    var only: (request: RequestKey, index: Int)? {
        if case .one(let request, let index) = storage { (request, Int(index)) } else { nil }
    }

    func contains(_ request: RequestKey) -> Bool {
        switch storage {
        case .one(let only, _): only == request
        case .many(let all): all[request] != nil
        }
    }

    func forEach(_ body: (RequestKey, Int) -> Void) {
        switch storage {
        case .one(let request, let index): body(request, Int(index))
        // In the order in which they came, so that every run of the same events is the same.
        case .many(let all):
            for (request, index) in all.sorted(by: { $0.key.number < $1.key.number }) { body(request, Int(index)) }
        }
    }

    /// For what does not depend on the order.
    func forEachUnordered(_ body: (RequestKey) -> Void) {
        switch storage {
        case .one(let request, _): body(request)
        case .many(let all): for request in all.keys { body(request) }
        }
    }

    /// Whether any of them satisfies the predicate.
    func contains(where predicate: (RequestKey) -> Bool) -> Bool {
        switch storage {
        case .one(let request, _): predicate(request)
        case .many(let all): all.keys.contains(where: predicate)
        }
    }

    /// The first to come of those that satisfy the predicate.
    func first(where predicate: (RequestKey) -> Bool) -> RequestKey? {
        switch storage {
        case .one(let request, _): predicate(request) ? request : nil
        case .many(let all): all.keys.filter(predicate).min { $0.number < $1.number }
        }
    }

    var count: Int {
        switch storage {
        case .one: 1
        case .many(let all): all.count
        }
    }
}

import CallScheduling

/// Whom to tell how their requests have ended, found without hashing by the requests' places.
struct WaitingCallers {
    private struct Caller {
        let key: RequestKey
        let tell: (RequestOutcome) -> Void
    }

    private var callers: [Caller?] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// - Parameter key: Of a request that is open, and not here yet.
    mutating func insert(_ key: RequestKey, tell: @escaping (RequestOutcome) -> Void) {
        while callers.count <= key.place { callers.append(nil) }
        callers[key.place] = Caller(key: key, tell: tell)
        count += 1
    }

    /// - Returns: Nil if nobody waits, or nobody any more.
    mutating func remove(_ key: RequestKey) -> ((RequestOutcome) -> Void)? {
        guard key.place < callers.count, callers[key.place]?.key == key else { return nil }
        let caller = callers[key.place].take()
        count -= 1
        // What many once needed is given back.
        if count == 0, callers.count > Self.keptCapacity { callers = [] }
        return caller?.tell
    }

    private static let keptCapacity = 1024
}

import AttributeValues

/// The open requests. They are found by their places, without hashing, because each step of a call asks for them again.
struct RequestTable: Sendable {
    private struct Entry {
        var number: UInt64
        var request: WaitingRequest?
    }

    private var entries: [Entry] = []
    private var vacant: [Int] = []
    /// The number of the request that came last.
    private(set) var lastNumber: UInt64 = 0
    /// How many are open.
    private(set) var count = 0
    /// (request, account) pairs for which no call has left yet, of all open requests.
    private(set) var waiting = 0

    var isEmpty: Bool { count == 0 }

    /// A name for the next request, which is not open yet.
    mutating func makeKey() -> RequestKey {
        lastNumber += 1
        let place = vacant.popLast() ?? entries.count
        let entry = Entry(number: lastNumber)
        if place == entries.count { entries.append(entry) } else { entries[place] = entry }
        return RequestKey(number: lastNumber, place: place)
    }

    /// Opens a request.
    mutating func insert(_ request: consuming WaitingRequest, for key: RequestKey) {
        guard holds(key), entries[key.place].request == nil else { return }
        waiting += request.waiting
        entries[key.place].request = request
        count += 1
    }

    /// Closes a request, or gives back the name of one that was never open.
    @discardableResult
    mutating func remove(_ key: RequestKey) -> WaitingRequest? {
        guard holds(key) else { return nil }
        entries[key.place].number = 0
        let request = entries[key.place].request.take()
        vacant.append(key.place)
        if let waitingHere = request?.waiting {
            count -= 1
            waiting -= waitingHere
        }
        // What many once needed is given back.
        if vacant.count == entries.count, entries.count > Self.keptCapacity { (entries, vacant) = ([], []) }
        return request
    }

    private static let keptCapacity = 1024

    /// Begins to fetch what is known of a request.
    func prefetch(_ key: RequestKey) { entries.prefetch(key.place) }

    /// An open request.
    subscript(key: RequestKey) -> WaitingRequest? { holds(key) ? entries[key.place].request : nil }

    /// Whether a request is open.
    func contains(_ key: RequestKey) -> Bool { holds(key) && entries[key.place].request != nil }

    /// Whether an open request waits for an account that is or was in a call.
    func isWanted(_ ride: Ride) -> Bool { ride.waiters.contains { contains($0) } }

    /// Changes a request if it is open.
    @inline(__always)
    @discardableResult
    mutating func change<Result>(_ key: RequestKey, _ change: (inout WaitingRequest) -> Result) -> Result? {
        guard holds(key) else { return nil }
        // The array's own subscript would be a call.
        var entries = entries.mutableSpan
        return entries[key.place].request?.changed(by: change)
    }

    /// An account of a request waits for a call again.
    /// - Returns: Whose the request is; nil if it has ended, or the account is answered.
    mutating func waitAgain(_ key: RequestKey, for index: Int) -> CallerKey? {
        let caller =
            change(key) { request -> CallerKey? in
                guard request.isOpen(index) else { return nil }
                request.waiting += 1
                return request.caller
            } ?? nil
        if caller != nil { waiting += 1 }
        return caller
    }

    /// An account of a request does not wait for a call any more.
    mutating func stopWaiting(_ key: RequestKey) {
        if change(key, { $0.waiting -= 1 }) != nil { waiting -= 1 }
    }

    /// Places that requests have or have had.
    var places: Int { entries.count }

    /// The open request at a place.
    func key(at place: Int) -> RequestKey? {
        entries[place].request == nil ? nil : RequestKey(number: entries[place].number, place: place)
    }

    /// When a request came that waits for a call; nil if none of its accounts does.
    func waitingSince(_ key: RequestKey) -> Moment? {
        guard holds(key), let request = entries[key.place].request, request.waiting > 0 else { return nil }
        return request.since
    }

    /// Whose an open request is.
    func caller(of key: RequestKey) -> CallerKey? { holds(key) ? entries[key.place].request?.caller : nil }

    /// The place of the line of an open request's caller.
    func line(of key: RequestKey) -> Int? { holds(key) ? entries[key.place].request?.line : nil }

    private func holds(_ key: RequestKey) -> Bool {
        key.place < entries.count && entries[key.place].number == key.number
    }

    /// The open requests, in no particular order.
    var all: some Sequence<(key: RequestKey, request: WaitingRequest)> {
        entries.lazy.enumerated().compactMap { place, entry in
            entry.request.map { (RequestKey(number: entry.number, place: place), $0) }
        }
    }
}

import AttributeValues
import HeapModule

/// The deadlines of requests, earliest first. Those of ended requests stay until they are met or cleared out.
struct DeadlineQueue {
    private struct Entry: Comparable {
        let moment: Moment
        let key: RequestKey
        static func < (left: Entry, right: Entry) -> Bool { left.moment < right.moment }
    }

    private var entries = Heap<Entry>()

    var count: Int { entries.count }

    mutating func insert(_ moment: Moment, for key: RequestKey) {
        entries.insert(Entry(moment: moment, key: key))
    }

    /// The earliest deadline of a request that is still there.
    mutating func next(in requests: RequestTable) -> Moment? {
        dropEnded(requests)
        return entries.min?.moment
    }

    /// Takes a request whose deadline is not after `now`; nil when there is none.
    mutating func popExpired(at now: Moment, in requests: RequestTable) -> RequestKey? {
        dropEnded(requests)
        guard let first = entries.min, first.moment <= now else { return nil }
        return entries.removeMin().key
    }

    /// Whether most are of requests that have ended, so that it is time to clear out.
    func isSparse(beside openRequests: Int) -> Bool { entries.count > 2 * openRequests + 1024 }

    /// Keeps the memory in proportion to the open requests, at a cost that is constant for each deadline put in.
    mutating func clearOut(keeping requests: RequestTable) {
        entries = Heap(entries.unordered.filter { requests.contains($0.key) })
    }

    private mutating func dropEnded(_ requests: RequestTable) {
        while let first = entries.min, !requests.contains(first.key) { entries.removeMin() }
    }
}

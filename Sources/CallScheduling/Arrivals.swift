import AttributeValues
import DequeModule
import HeapModule

/// Requests in the order of their arrival, to find the one that has waited longest. None is looked at twice for that, unless it waits
/// again. Those that have ended stay until they are met or cleared out.
struct Arrivals: Sendable {
    private struct Entry: Comparable {
        let key: RequestKey
        static func < (left: Entry, right: Entry) -> Bool { left.key.number < right.key.number }
    }

    private var keys: Deque<RequestKey> = []
    /// Requests that were passed over, because all their accounts were in calls, and that wait again.
    private var again = Heap<Entry>()
    /// The last request that was passed over.
    private var lastPassed: UInt64 = 0

    mutating func append(_ key: RequestKey) { keys.append(key) }

    /// An account of a request waits for a call again.
    mutating func waitsAgain(_ key: RequestKey) {
        if key.number <= lastPassed { again.insert(Entry(key: key)) }
    }

    /// When the request came that has waited longest for a call to leave; nil if none waits.
    mutating func oldestWaiting(in requests: RequestTable) -> Moment? {
        while let first = keys.first, requests.waitingSince(first) == nil {
            lastPassed = max(lastPassed, first.number)
            keys.removeFirst()
        }
        while let first = again.min, requests.waitingSince(first.key) == nil { again.removeMin() }
        return .earlier(keys.first.flatMap(requests.waitingSince), again.min.flatMap { requests.waitingSince($0.key) })
    }

    /// Whether most are of requests that have ended, so that it is time to clear out.
    func isSparse(beside openRequests: Int) -> Bool { keys.count + again.count > 2 * openRequests + 1024 }

    /// Keeps the memory in proportion to the open requests, at a cost that is constant for each request.
    mutating func clearOut(keeping requests: RequestTable) {
        keys = Deque(keys.lazy.filter { requests.contains($0) })
        again = Heap(Set(again.unordered.map(\.key)).filter { requests.contains($0) }.map { Entry(key: $0) })
    }
}

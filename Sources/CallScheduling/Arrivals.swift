import AttributeValues
import DequeModule

/// Requests in the order of their arrival, to find the one that has waited longest. Those that have ended stay until they are met or
/// cleared out.
struct Arrivals: Sendable {
    private var keys: Deque<RequestKey> = []

    mutating func append(_ key: RequestKey) { keys.append(key) }

    /// When the request came that has waited longest for a call to leave; nil if none waits.
    mutating func oldestWaiting(in requests: RequestTable) -> Moment? {
        while let first = keys.first, !requests.contains(first) { keys.removeFirst() }
        // Only those come before it whose accounts are all in calls: few.
        for key in keys {
            if let since = requests.waitingSince(key) { return since }
        }
        return nil
    }

    /// Whether most are of requests that have ended, so that it is time to clear out.
    func isSparse(beside openRequests: Int) -> Bool { keys.count > 2 * openRequests + 1024 }

    /// Keeps the memory in proportion to the open requests, at a cost that is constant for each request.
    mutating func clearOut(keeping requests: RequestTable) {
        keys = Deque(keys.lazy.filter { requests.contains($0) })
    }
}

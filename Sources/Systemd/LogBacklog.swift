/// Entries that have not been written yet. Those for which there is no room are dropped and counted.
struct LogBacklog: DeliveryLoad {
    enum Item: Sendable {
        case entry(LogEntry)
        /// So many were dropped here.
        case dropped(Int)
    }

    /// Bytes of entries that may wait. As many again may be with the thread that writes them.
    static let capacity = 1 << 20

    private(set) var items: [Item] = []
    private var bytes = 0

    /// Nothing waits.
    init() {}

    var isEmpty: Bool { items.isEmpty }

    /// - Returns: Whether there was room for it.
    mutating func append(_ entry: LogEntry) -> Bool {
        let size = entry.size
        // A single one may be larger than the capacity.
        if bytes > 0, bytes + size > Self.capacity {
            noteDropped()
            return false
        }
        bytes += size
        items.append(.entry(entry))
        return true
    }

    private mutating func noteDropped() {
        if case .dropped(let count) = items.last {
            items[items.count - 1] = .dropped(count + 1)
        } else {
            items.append(.dropped(1))
        }
    }
}

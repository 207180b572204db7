import JSONRPC

/// What the connections of a server share: its bounds, what counts against them, its counters, and memory for lines.
struct DoorLedger {
    /// The bounds in force.
    var limits: ServerLimits
    /// What has happened so far.
    var counters = ServerCounters()
    /// Memory for lines.
    var lines = LinePool()
    /// Connections that are open.
    var connections = 0
    /// Bytes of answers that no client has taken yet.
    private(set) var buffered = 0
    /// Bytes of lines that have not been taken yet.
    private(set) var inputBytes = 0

    init(_ limits: ServerLimits) { self.limits = limits }

    /// Whether there is no room for another answer.
    var isFull: Bool { buffered >= limits.maxBufferedBytes }

    /// Counts bytes of an answer.
    /// - Returns: Whether there was room for them; if not, nothing is counted.
    mutating func take(answerBytes count: Int) -> Bool {
        guard buffered + count <= limits.maxBufferedBytes else { return false }
        buffered += count
        return true
    }

    /// Counts bytes of an answer that must not be refused.
    mutating func force(answerBytes count: Int) { buffered += count }

    /// Bytes of answers are written, or are dropped.
    mutating func release(answerBytes count: Int) { buffered -= count }

    /// A connection has another number of bytes in lines than before.
    /// - Returns: Whether there is room for them.
    mutating func change(inputBytes old: Int, to new: Int) -> Bool {
        inputBytes += new - old
        return inputBytes <= limits.maxBufferedBytes || new <= limits.maxBufferedBytes / max(1, connections)
    }
}

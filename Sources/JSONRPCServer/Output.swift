import NIOCore

/// The answers of a connection that its client has not taken yet, and whether it takes any.
struct Output {
    /// What a check of the client's progress finds.
    enum Progress: Equatable { case idle, progressing, stuck }

    /// Whether it is looked at from time to time if the client takes anything.
    private enum Watch {
        case off
        /// Bytes that the channel had written, ever, at the last look, and when they had become more.
        case on(gone: Int, since: NIODeadline)
    }

    /// Many connections may be idle.
    private static let keptCapacity = 1024

    private let timeout: TimeAmount
    private var pending: [UInt8] = []
    private var inFlight = 0
    /// Bytes that the channel has been given, ever.
    private var handedOver = 0
    private var watch = Watch.off

    init(timeout: TimeAmount) { self.timeout = timeout }

    /// Bytes that have not reached the client's side of the socket.
    var unwritten: Int { pending.count + inFlight }

    /// How often to look whether a client takes anything.
    var checkInterval: TimeAmount { .nanoseconds(max(1, timeout.nanoseconds / 6)) }

    /// Has a line written, without its end, which is added.
    /// - Parameter write: Appends the line.
    /// - Returns: How many bytes there are more.
    @discardableResult
    mutating func append(_ write: (inout [UInt8]) -> Void) -> Int {
        let before = pending.count
        write(&pending)
        pending.append(UInt8(ascii: "\n"))
        return pending.count - before
    }

    /// Writes what the socket takes at once, unless the channel has something to write before. Nearly always that is all, and then
    /// the channel, whose way is much longer, has nothing to do.
    /// - Parameter send: Writes bytes to the socket; returns how many, or less than 1.
    /// - Returns: How many bytes are gone.
    mutating func writeNow(_ send: (Span<UInt8>) -> Int) -> Int {
        guard inFlight == 0, !pending.isEmpty else { return 0 }
        let count = send(pending.span)
        // What is wrong with the socket is wrong for the channel too, which closes it.
        guard count > 0 else { return 0 }
        if count == pending.count { clear() } else { pending.removeFirst(count) }
        return count
    }

    /// What the channel is to write; nil if there is nothing.
    mutating func take() -> ByteBuffer? {
        guard !pending.isEmpty else { return nil }
        inFlight += pending.count
        handedOver += pending.count
        defer { clear() }
        return ByteBuffer(bytes: pending)
    }

    private mutating func clear() { pending.removeAll(keepingCapacity: pending.capacity <= Self.keptCapacity) }

    mutating func written(_ count: Int) { inFlight -= count }

    /// The connection is gone.
    mutating func removeAll() { (pending, inFlight) = ([], 0) }

    /// Whether checks are to be started, because bytes wait and none are running.
    mutating func startWatching(at time: @autoclosure () -> NIODeadline) -> Bool {
        guard inFlight > 0, case .off = watch else { return false }
        watch = .on(gone: handedOver - inFlight, since: time())
        return true
    }

    /// - Parameter left: Bytes that the channel has not written.
    mutating func check(left: Int, at now: NIODeadline) -> Progress {
        guard inFlight > 0, case .on(let lastGone, let since) = watch else {
            watch = .off
            return .idle
        }
        // Not what is left: with new answers that can stay the same while the client reads.
        let gone = handedOver - left
        if gone == lastGone { return now - since >= timeout ? .stuck : .progressing }
        watch = .on(gone: gone, since: now)
        return .progressing
    }
}

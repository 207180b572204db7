import NIOCore

/// The answers of a connection that its client has not taken yet, and whether it takes any.
struct Output {
    /// What a check of the client's progress finds.
    enum Progress: Equatable { case idle, progressing, stuck }

    private let timeout: TimeAmount
    private var pending = ByteBuffer()
    private var inFlight = 0
    /// Bytes that the channel has been given, ever.
    private var handedOver = 0
    private var isWatched = false
    /// Bytes that the channel had written, ever, when it was last looked at.
    private var lastGone = 0
    private var lastProgress = NIODeadline.now()

    init(timeout: TimeAmount) { self.timeout = timeout }

    /// Bytes that have not reached the client's side of the socket.
    var unwritten: Int { pending.readableBytes + inFlight }

    /// How often to look whether a client takes anything.
    var checkInterval: TimeAmount { .nanoseconds(max(1, timeout.nanoseconds / 6)) }

    mutating func append(_ json: [UInt8]) {
        pending.writeBytes(json)
        pending.writeInteger(UInt8(ascii: "\n"))
    }

    /// What is to be written now; nil if there is nothing.
    mutating func take() -> ByteBuffer? {
        guard pending.readableBytes > 0 else { return nil }
        inFlight += pending.readableBytes
        handedOver += pending.readableBytes
        defer { pending = ByteBuffer() }
        return pending
    }

    mutating func written(_ count: Int) { inFlight -= count }

    /// The connection is gone.
    mutating func removeAll() { (pending, inFlight) = (ByteBuffer(), 0) }

    /// Whether checks are to be started, because bytes wait and none are running.
    mutating func startWatching(at now: NIODeadline) -> Bool {
        guard inFlight > 0, !isWatched else { return false }
        isWatched = true
        lastGone = handedOver - inFlight
        lastProgress = now
        return true
    }

    /// - Parameter left: Bytes that the channel has not written.
    mutating func check(left: Int, at now: NIODeadline) -> Progress {
        if inFlight == 0 {
            isWatched = false
            return .idle
        }
        // Not what is left: with new answers that can stay the same while the client reads.
        let gone = handedOver - left
        if gone != lastGone {
            lastGone = gone
            lastProgress = now
        }
        return now - lastProgress >= timeout ? .stuck : .progressing
    }
}

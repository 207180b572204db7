import NIOCore
import NIOHTTP1

/// One request and its answer, over whichever connection. Lives on one event loop.
final class Exchange {
    /// The largest answer that is read: 100 users have at most about 630 KB, all escaped.
    static let maximumBodySize = 1 << 20

    /// How an exchange ended.
    struct End {
        /// Whether any byte of the request may have left.
        let wasSent: Bool
        let headReceivedAt: NIODeadline?
        let dateHeader: String?
        let body: Result<ByteBuffer, TransportError>
    }

    let request: GetAttrRequest
    /// Closes the connection that the request was sent on.
    var connection: HTTPSConnection?
    private var wasSent = false
    private var headReceivedAt: NIODeadline?
    private var dateHeader: String?
    private var answer = ByteBuffer()
    private var completion: ((End) -> Void)?
    private let eventLoop: any EventLoop

    /// - Parameter completion: Called once, on the event loop, after the connection was closed or given back.
    init(_ request: GetAttrRequest, eventLoop: any EventLoop, completion: @escaping (End) -> Void) {
        self.request = request
        self.eventLoop = eventLoop
        self.completion = completion
    }

    var isOver: Bool { completion == nil }

    /// To be called before the first byte may leave.
    func willBeSent() { wasSent = true }

    /// The exchange fails if the answer is of no use.
    func received(_ head: HTTPResponseHead) {
        headReceivedAt = .now()
        dateHeader = head.headers.first(name: "Date")
        if head.status != .ok { fail(.status(Int(head.status.code))) }
    }

    /// The exchange fails if the answer is too large.
    func received(_ part: ByteBuffer) {
        guard answer.readableBytes + part.readableBytes <= Self.maximumBodySize else { return fail(.bodyTooLarge) }
        answer.writeImmutableBuffer(part)
    }

    /// The answer is complete, and the connection closed or given back.
    func succeed() {
        if !isOver { takeEnd(.success(answer))() }
    }

    /// Ends it if it is not over.
    func timeIsUp() { fail(wasSent ? .noAnswerInTime : .noConnectionInTime) }

    /// Closes the connection, and tells of the failure in the next turn of the loop: whoever has just started or given up
    /// the exchange is not called back at once.
    func fail(_ error: TransportError) {
        guard !isOver else { return }
        // Closing leads to errors of its own, which come too late then.
        let connection = connection
        let end = NIOLoopBound(takeEnd(.failure(error)), eventLoop: eventLoop)
        connection?.close()
        eventLoop.execute { end.value() }
    }

    /// Ends it; what is returned tells of that.
    private func takeEnd(_ result: Result<ByteBuffer, TransportError>) -> () -> Void {
        connection = nil
        answer = ByteBuffer()
        let completion = completion
        self.completion = nil
        let end = End(wasSent: wasSent, headReceivedAt: headReceivedAt, dateHeader: dateHeader, body: result)
        return { completion?(end) }
    }
}

import NIOCore
import NIOHTTP1
import NIOTLS

/// One connection to the server: TLS is below, and one exchange at a time goes over it. Lives on one event loop.
///
/// It measures round trips, from the moment at which a request has been written to the moment at which its answer's head
/// comes. Late is safe: it makes the measured time too short. The first answer of a connection does not count: the request
/// may have waited for what a new connection does first, and a time that is too long would make the limiter count on too much.
final class HTTPSConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What becomes of a connection.
    enum Event {
        /// The handshake is done, and the certificate is the server's.
        case ready
        /// An exchange is over, and the next one may come.
        case idle
        case roundTrip(Duration)
        /// It was never ready, or is over.
        case closed(TransportError)
    }

    /// What the channel has to be set to: it is writable only while nothing waits to be written.
    static let writeBufferBounds = ChannelOptions.Types.WriteBufferWaterMark(low: 1, high: 1)

    /// Whom the connection is made for, until it is ready.
    var waiting: Exchange?
    private let host: String
    private let tell: (HTTPSConnection, Event) -> Void
    private let encoder: RequestEncoder
    private let socketSide: ChannelHandlerContext
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var mayBeReused = false
    /// When the socket had taken all of the request that is under way; nil until then.
    private var writtenAt: NIODeadline?
    private var hasAnswered = false
    private var error: TransportError?

    /// - Parameters:
    ///   - host: Whose certificate it must be.
    ///   - encoder: Writes the requests.
    ///   - socketSide: TLS's: what it is told goes straight to the socket.
    init(
        host: String, encoder: RequestEncoder, socketSide: ChannelHandlerContext,
        tell: @escaping (HTTPSConnection, Event) -> Void
    ) {
        self.host = host
        self.encoder = encoder
        self.socketSide = socketSide
        self.tell = tell
    }

    /// Whom the connection was made for, if that has not been given up meanwhile.
    func takeWaiting() -> Exchange? {
        defer { waiting = nil }
        return waiting.flatMap { $0.isOver ? nil : $0 }
    }

    /// Sends a request. The connection has to be ready, and idle.
    func send(_ exchange: Exchange) {
        guard let context else { return exchange.fail(.closedByServer) }
        self.exchange = exchange
        exchange.connection = self
        exchange.willBeSent()
        writtenAt = nil
        encoder.next = exchange
        // Which flushes it.
        context.write(wrapOutboundOut(RequestEncoder.part), promise: nil)
    }

    /// Closes it at once, without TLS's own farewell, for which the server would have to be waited for; what is under way fails.
    func close() { socketSide.close(promise: nil) }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            do throws(TransportError) {
                try CertificateName.check(context.channel, isFor: host)
                tell(self, .ready)
            } catch {
                self.error = error
                close()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// With ``writeBufferBounds``, a channel that is writable has written everything. A promise for each write would tell the same,
    /// and cost a twentieth of what a call does.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if exchange != nil, writtenAt == nil, context.channel.isWritable { writtenAt = .now() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // An answer that nobody waits for any more: its connection is being closed.
        guard let exchange, !exchange.isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            mayBeReused = head.isKeepAlive
            noteRoundTrip()
            exchange.received(head)
        case .body(let part): exchange.received(part)
        case .end: answered(exchange)
        }
    }

    private func noteRoundTrip() {
        if hasAnswered, let writtenAt {
            tell(self, .roundTrip(.nanoseconds((NIODeadline.now() - writtenAt).nanoseconds)))
        }
        hasAnswered = true
    }

    private func answered(_ exchange: Exchange) {
        self.exchange = nil
        // Of an answer that came before the request was written, nothing is sure.
        if mayBeReused, writtenAt != nil { tell(self, .idle) } else { close() }
        exchange.succeed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.error == nil { self.error = TransportError(error) }
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        let error = error ?? .closedByServer
        exchange?.fail(error)
        exchange = nil
        tell(self, .closed(error))
        context.fireChannelInactive()
    }
}

import NIOCore
import NIOHTTP1

/// What is seen of all connections together. Lives on one event loop.
final class ConnectionWatch {
    /// Told of each round trip that was measured.
    var measured: ((Duration) -> Void)?
    /// Told when the last connection has gone.
    var allGone: (() -> Void)?
    private var open = 0

    func opened() { open += 1 }

    func closed() {
        open -= 1
        if open == 0 { allGone?() }
    }
}

/// Measures, on one connection, the time from the moment at which a request's head has been written to the moment at
/// which its answer's head comes.
///
/// The first answer of a connection does not count: the request may have waited for what a new connection does first, and
/// a time that is too long would make the limiter count on too much.
final class RoundTripMeter: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private let watch: ConnectionWatch
    private var writtenAt: NIODeadline?
    private var hasAnswered = false
    private var isOpen = false

    init(watch: ConnectionWatch) { self.watch = watch }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        isOpen = true
        watch.opened()
    }

    func handlerRemoved(context: ChannelHandlerContext) { closed() }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
        context.fireChannelInactive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        writtenAt = nil
        let written = promise ?? context.eventLoop.makePromise()
        // Late is safe: it makes the measured time too short.
        written.futureResult.assumeIsolated().whenSuccess { [self] in writtenAt = .now() }
        context.write(data, promise: written)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.status.code >= 200 {
            if hasAnswered, let writtenAt { watch.measured?(.nanoseconds((NIODeadline.now() - writtenAt).nanoseconds)) }
            hasAnswered = true
            writtenAt = nil
        }
        context.fireChannelRead(data)
    }

    private func closed() {
        guard isOpen else { return }
        isOpen = false
        watch.closed()
    }
}

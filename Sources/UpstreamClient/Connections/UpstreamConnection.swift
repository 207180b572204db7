import AttributeValues
import Glibc
import NIOCore
import NIOPosix
import NIOTLS

/// Carries out on a channel what ``UpstreamConnectionState`` decides; TLS is below. Lives on one event loop.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What becomes of a connection.
    enum Event {
        /// A request can be sent.
        case ready
        /// The call has an answer. ``UpstreamConnection/keep()`` or ``UpstreamConnection/discard()`` is to be called at
        /// once.
        case answered(UpstreamConnectionState.Answer)
        /// The call has failed, and the connection is closed.
        case failed(UpstreamConnectionState.Failure)
        /// The connection is closed, and no call was on it.
        case closed
    }

    /// What the channel has to be set to: it is writable only while nothing waits to be written.
    static let writeBufferBounds = ChannelOptions.Types.WriteBufferWaterMark(low: 1, high: 1)

    private var state = UpstreamConnectionState()
    private let host: String
    private let socketSide: ChannelHandlerContext
    private let report: (Event) -> Void
    private var context: ChannelHandlerContext?

    /// - Parameters:
    ///   - host: Whose certificate it must be.
    ///   - socketSide: TLS's; what is done on it goes straight to the socket.
    init(host: String, socketSide: ChannelHandlerContext, report: @escaping (Event) -> Void) {
        self.host = host
        self.socketSide = socketSide
        self.report = report
    }

    /// Sends a request. The connection has to be ready, without a call.
    func send(_ request: ByteBuffer) {
        state.send(now: .now())
        context?.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    /// Ends the call and the connection.
    func fail(_ error: TransportError) { perform(state.fail(error, now: .now())) }

    /// Another request may be sent.
    func keep() { state.answerWasRead(keeps: true) }

    /// Closes it, in the next turn of the loop: a channel must not be closed while it reports the end of what came.
    func discard() {
        state.answerWasRead(keeps: false)
        let socketSide = NIOLoopBound(socketSide, eventLoop: socketSide.eventLoop)
        socketSide.eventLoop.execute { socketSide.value.close(promise: nil) }
    }

    private func perform(_ action: UpstreamConnectionState.Action) {
        switch action {
        case .nothing: break
        case .read(let answer): report(.answered(answer))
        case .fail(let failure):
            close()
            report(.failed(failure))
        case .close:
            close()
            report(.closed)
        }
    }

    /// At once, without TLS's own farewell, for which the server would have to be waited for.
    private func close() { socketSide.close(promise: nil) }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            do throws(TransportError) {
                try CertificateName.check(context.channel, isFor: host)
                context.channel.losesUnacknowledgedBytes(after: UpstreamConnectionState.unacknowledgedTime)
                state.connected()
                if state.isIdle { report(.ready) }
            } catch {
                fail(error)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// With ``writeBufferBounds``, a channel that is writable has written everything. A promise for each write would
    /// show the same, and cost a twentieth of what a call does.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { state.written(now: .now()) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        perform(state.received(unwrapInboundIn(data), now: .now()))
    }

    func channelReadComplete(context: ChannelHandlerContext) { perform(state.readCompleted()) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let error = TransportError(error)
        perform(state.fail(error, now: .now()))
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(state.closed(now: .now()))
        context.fireChannelInactive()
    }
}

extension Channel {
    /// Has the kernel give up the connection when the other side's kernel has not acknowledged what was sent. Of no use
    /// while a connection is made, which may take longer; where the system refuses it, a dead connection is found by
    /// the time-out.
    fileprivate func losesUnacknowledgedBytes(after time: Duration) {
        let milliseconds = ChannelOptions.Types.SocketOption.Value(time.millisecondsRoundedUp)
        try? syncOptions?.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT)), value: milliseconds)
    }
}

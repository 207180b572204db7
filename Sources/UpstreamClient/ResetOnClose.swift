import Glibc
import NIOCore
import NIOSSL

/// Makes closing a connection discard what the kernel has not sent yet, at once.
///
/// A call that is given up must not reach the server seconds later, when its place in the limiter has been given to
/// another. With SO_LINGER {on, 0} the kernel resets the connection when it is closed, also when this process is killed;
/// and TLS's own farewell, for which the server would have to be waited for, is left out.
final class ResetOnClose: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The way around TLS: the context of the handler next to the socket.
    private let socketSide: ChannelHandlerContext

    private init(socketSide: ChannelHandlerContext) { self.socketSide = socketSide }

    /// Prepares a connection, before any request has been written to it.
    static func install(on channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let marker = SocketSide()
            try pipeline.addHandler(marker, position: .first)
            let reset = ResetOnClose(socketSide: try pipeline.context(handler: marker))
            // Every close passes here before it would reach TLS.
            try pipeline.addHandler(reset, position: .after(pipeline.handler(type: NIOSSLClientHandler.self)))
        }.flatMap {
            guard let options = channel as? any SocketOptionProvider else {
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            return options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        socketSide.close(mode: .all, promise: promise)
    }

    /// Does nothing but stand next to the socket.
    private final class SocketSide: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
    }
}

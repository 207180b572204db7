import Glibc
import NIOCore
import NIOPosix

/// Runs something in the next turn of the loop, after the sockets were looked at.
///
/// A task does not do that: the loop runs tasks until there is none left, also those that tasks have added, before it looks
/// at a socket again. So this is a pair of sockets of which one becomes readable.
final class NextTurn: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum State {
        case idle, due, closed
    }

    private let writeEnd: CInt
    private let run: () -> Void
    private var state = State.idle

    private init(writeEnd: CInt, run: @escaping () -> Void) {
        self.writeEnd = writeEnd
        self.run = run
    }

    /// Makes the sockets. They are closed when the event loop is shut down.
    /// - Parameter run: Called on the event loop, once for any number of requests since it was called before.
    static func make(
        on eventLoop: any EventLoop, run: @escaping () -> Void
    ) throws -> EventLoopFuture<NIOLoopBound<NextTurn>> {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        // A C function, which writes two numbers.
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw IOError(errnoCode: errno, reason: "socketpair")
        }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        let nextTurn = NIOLoopBound(NextTurn(writeEnd: writeEnd, run: run), eventLoop: eventLoop)
        return NIOPipeBootstrap(group: eventLoop)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(nextTurn.value) }
            }
            .takingOwnershipOfDescriptor(input: readEnd)
            .map { _ in nextTurn }
            .flatMapErrorThrowing { error in
                close(readEnd)
                close(writeEnd)
                throw error
            }
    }

    /// Has the loop make another turn.
    func request() {
        guard case .idle = state else { return }
        state = .due
        var byte: UInt8 = 0
        // Nothing else is in it, so there is room.
        _ = unsafe write(writeEnd, &byte, 1)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .due = state else { return }
        state = .idle
        run()
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard case .closed = state else {
            state = .closed
            close(writeEnd)
            return context.fireChannelInactive()
        }
    }
}

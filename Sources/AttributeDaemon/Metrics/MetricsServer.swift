import JSONRPCServer
import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers over HTTP on a socket that listens already, one request a connection. All on one event loop.
final class MetricsServer {
    /// Connections at once, unless fewer descriptors are left for them. One more takes the place of the oldest, so that those which
    /// send nothing keep no reader out.
    static let maximumConnections = 32

    private let capacity: Int
    private let patience: TimeAmount
    private let pages: HTTPPages
    private let eventLoop: any EventLoop
    private let listeners: Listeners
    /// The oldest first.
    private var connections: [any Channel] = []

    /// - Parameters:
    ///   - capacity: Connections at once.
    ///   - patience: How long a connection may take from its start to its end.
    ///   - pages: What is answered.
    init(
        eventLoop: any EventLoop, capacity: Int = maximumConnections, patience: TimeAmount = .seconds(10),
        pages: HTTPPages
    ) {
        self.capacity = capacity
        self.eventLoop = eventLoop
        self.patience = patience
        self.pages = pages
        listeners = Listeners(eventLoop: eventLoop)
    }

    /// Accepts connections. The socket belongs to the server from now on.
    func listen(on socket: CInt) -> EventLoopFuture<Void> {
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        return listeners.listen(on: socket) { try server.value.accept($0) }
    }

    /// Accepts no connection any more, and closes those that there are.
    func stop() {
        listeners.close()
        for channel in connections { channel.close(promise: nil) }
    }

    private func accept(_ channel: any Channel) throws {
        guard capacity > 0 else { throw ChannelError.ioOnClosedChannel }
        if connections.count >= capacity { connections.removeFirst().close(promise: nil) }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
        try pipeline.addHandler(MetricsRequest(pages))
        connections.append(channel)
        let deadline = eventLoop.assumeIsolated().scheduleTask(in: patience) { channel.close(promise: nil) }
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        channel.closeFuture.whenComplete { _ in
            deadline.cancel()
            server.value.connections.removeAll { $0 === channel }
            server.value.listeners.descriptorMayBeFree()
        }
    }
}

/// Answers the one request of a connection, as soon as its head is there.
private final class MetricsRequest: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: HTTPPages
    private var isAnswered = false

    init(_ pages: HTTPPages) { self.pages = pages }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data), !isAnswered else { return }
        isAnswered = true
        let answer = pages.answer(to: request)
        var headers = answer.headers
        headers.add(name: "Content-Length", value: "\(answer.body.count)")
        headers.add(name: "Cache-Control", value: "no-store")
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    /// What is no HTTP has been answered with 400 by the pipeline; a broken connection needs no answer.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

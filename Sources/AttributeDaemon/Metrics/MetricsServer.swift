import AttributeAPI
import JSONRPCServer
import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves the metrics over HTTP on a socket that listens already: `GET /metrics` and nothing else, one request a
/// connection. All on one event loop.
final class MetricsServer {
    /// Connections at once, unless fewer descriptors are left for them; one more is closed without an answer.
    static let maximumConnections = 32

    private let capacity: Int
    private let patience: TimeAmount
    private let body: () -> [UInt8]
    private let eventLoop: any EventLoop
    private let listeners: Listeners
    private var connections: [ObjectIdentifier: any Channel] = [:]

    /// - Parameters:
    ///   - capacity: Connections at once.
    ///   - patience: How long a connection may take from its start to its end.
    ///   - body: The metrics as they are now, as the text of OpenMetrics.
    init(
        eventLoop: any EventLoop, capacity: Int = maximumConnections, patience: TimeAmount = .seconds(10),
        body: @escaping () -> [UInt8]
    ) {
        self.capacity = capacity
        self.eventLoop = eventLoop
        self.patience = patience
        self.body = body
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
        for channel in Array(connections.values) { channel.close(promise: nil) }
    }

    private func accept(_ channel: any Channel) throws {
        guard connections.count < capacity else { throw ChannelError.ioOnClosedChannel }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
        try pipeline.addHandler(MetricsRequest(body: body))
        connections[ObjectIdentifier(channel)] = channel
        let deadline = eventLoop.assumeIsolated().scheduleTask(in: patience) { channel.close(promise: nil) }
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        channel.closeFuture.whenComplete { _ in
            deadline.cancel()
            server.value.connections[ObjectIdentifier(channel)] = nil
            server.value.listeners.descriptorMayBeFree()
        }
    }
}

/// Answers the one request of a connection, as soon as its head is there.
private final class MetricsRequest: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let body: () -> [UInt8]
    private var isAnswered = false

    init(body: @escaping () -> [UInt8]) { self.body = body }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data), !isAnswered else { return }
        isAnswered = true
        let path = request.uri.prefix { $0 != "?" }
        if path != "/metrics" {
            answer(.notFound, [:], Array("only /metrics is here\n".utf8), context)
        } else if request.method != .GET {
            answer(.methodNotAllowed, ["Allow": "GET"], Array("only GET is answered\n".utf8), context)
        } else {
            answer(.ok, ["Content-Type": GetMetrics.contentType], body(), context)
        }
    }

    private func answer(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: [UInt8], _ context: ChannelHandlerContext
    ) {
        var headers = headers
        headers.add(name: "Content-Length", value: "\(body.count)")
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    /// What is no HTTP has been answered with 400 by the pipeline; a broken connection needs no answer.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

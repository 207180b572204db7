import Glibc
import JSONRPC
import NIOCore
import NIOPosix

/// Serves line-delimited JSON-RPC 2.0 on listening Unix sockets, all on one event loop, where everything here but
/// ``listen(on:)`` is to be called.
public final class JSONRPCServer {
    /// The bounds in force; a change holds for new connections.
    public var limits: ServerLimits
    /// Who answers.
    let service: any RPCService
    private let eventLoop: any EventLoop
    private var listeners: [any Channel] = []
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var connectionsByUID: [UInt32: Int] = [:]
    private var lastConnection: UInt64 = 0
    private var toFlush: [Connection] = []
    /// Empty, and there for its memory.
    private var spareList: [Connection] = []
    /// Answers are given of which the last is known.
    private var isAnswering = false
    private var drained: EventLoopPromise<Void>?
    /// What has happened so far.
    public internal(set) var counters = ServerCounters()
    /// Bytes of answers that no client has taken yet.
    var buffered = 0
    /// Bytes of lines that have not ended yet.
    var inputBytes = 0
    /// Called whenever a connection has come or gone.
    public var connectionsChanged: (() -> Void)?
    /// Called whenever a connection was one too many, with the error that it is answered with.
    public var connectionRefused: ((Caller, ErrorObject) -> Void)?

    /// A server that listens nowhere yet.
    public init(service: any RPCService, limits: ServerLimits, eventLoop: any EventLoop) {
        self.service = service
        self.limits = limits
        self.eventLoop = eventLoop
    }

    /// Connections that are open.
    public var connectionCount: Int { connections.count }
    /// Where it listens.
    public var socketPaths: [String] { listeners.compactMap { $0.localAddress?.pathname } }
    /// Bytes of answers that wait for clients to read them.
    public var bufferedBytes: Int { buffered }

    /// Accepts connections on a socket that listens already. The socket belongs to the server from now on.
    ///
    /// While the process has no descriptor left for another connection, it waits a second before each new attempt.
    public func listen(on socket: CInt) -> EventLoopFuture<Void> {
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        return ServerBootstrap(group: eventLoop)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // A channel keeps its receive buffers, also while it is idle: one small one, as many may be idle.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 16384)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try server.value.accept(channel) }
            }
            .withBoundSocket(socket)
            .flatMapThrowing { listener in
                // NIO has cut the queue of the socket down to its own default of 128.
                guard Glibc.listen(socket, ServerLimits.acceptQueue) == 0 else {
                    throw IOError(errnoCode: errno, reason: "listen")
                }
                server.value.listeners.append(listener)
            }
    }

    /// Accepts no connection any more. What waits to be accepted on an inherited socket waits for the next process.
    public func stopAccepting() {
        for listener in listeners { listener.close(promise: nil) }
        listeners = []
    }

    /// Closes each connection once its requests are answered and its answers are read; done when all are closed. No
    /// more connections are served.
    public func closeConnections() -> EventLoopFuture<Void> {
        let promise = drained ?? eventLoop.makePromise(of: Void.self)
        drained = promise
        for connection in Array(connections.values) { connection.closeWhenDone() }
        if connections.isEmpty { promise.succeed() }
        return promise.futureResult
    }

    /// Closes all connections at once, whatever is unanswered or unread.
    public func closeConnectionsNow() {
        for connection in Array(connections.values) { connection.closeNow() }
    }

    // MARK: Connections

    private func accept(_ channel: any Channel) throws {
        // One that was accepted in the turn of the loop in which the others were told to end.
        guard drained == nil else { throw ChannelError.ioOnClosedChannel }
        let transport = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self, { $0 })
        guard let socket = transport, let caller = Caller(socket: socket) else {
            throw ChannelError.inappropriateOperationForState
        }
        if let error = refusal(of: caller) {
            if let limit = error.limit { counters.refusedConnections[limit.name, default: 0] += 1 }
            connectionRefused?(caller, error)
            try channel.pipeline.syncOperations.addHandler(RefusedConnection(error))
            return
        }
        lastConnection += 1
        counters.connections += 1
        let connection = Connection(socket: socket, caller: caller, number: lastConnection, server: self)
        try channel.pipeline.syncOperations.addHandler(connection)
        connections[ObjectIdentifier(connection)] = connection
        connectionsByUID[caller.uid, default: 0] += 1
        connectionsChanged?()
    }

    private func refusal(of caller: Caller) -> ErrorObject? {
        if connections.count >= limits.maxConnections {
            return .overloadedServer("maxConnections", limits.maxConnections)
        }
        if connectionsByUID[caller.uid, default: 0] >= limits.maxConnectionsPerUID {
            return .overloadedServer("maxConnectionsPerUid", limits.maxConnectionsPerUID)
        }
        return nil
    }

    func removed(_ connection: Connection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        let left = connectionsByUID[connection.caller.uid, default: 1] - 1
        connectionsByUID[connection.caller.uid] = left == 0 ? nil : left
        connectionsChanged?()
        if connections.isEmpty { drained?.succeed() }
    }

    // MARK: Bounds for all connections together

    /// Whether the answers that wait for clients to read them have reached their bound.
    var isFull: Bool { buffered >= limits.maxBufferedBytes }

    /// Whether lines that are not complete take too much memory and a connection that has sent `count` bytes of one has
    /// its share in that. Those that have less than an even share stay: they have not caused it.
    func hasTooMuchInput(from count: Int) -> Bool {
        inputBytes > limits.maxBufferedBytes && count > limits.maxBufferedBytes / max(1, connections.count)
    }

    /// Appends the JSON text of an answer or, if there is no room for it, of an error in its stead.
    func append(_ response: Response, to json: inout [UInt8]) {
        let start = json.count
        response.append(to: &json)
        let count = json.count - start
        guard buffered + count > limits.maxBufferedBytes else { return }
        counters.refusedAnswers += 1
        let error = ErrorObject.overloadedServer("maxBufferedBytes", limits.maxBufferedBytes)
        let refusal = Response(id: response.id, .error(error)).json
        if case .error = response.outcome, count <= refusal.count { return }
        json.replaceSubrange(start..., with: refusal)
    }

    // MARK: Lines

    /// A line that is done with: most lines are short, and need no memory of their own.
    var spareLine: [UInt8] = []
    private static let largestSpareLine = 4096

    /// Takes a line whose memory may be used for another. If somebody still has it, that is not done.
    func reuse(_ line: [UInt8]) {
        if line.capacity <= Self.largestSpareLine { spareLine = line }
    }

    // MARK: Writing

    /// Runs `body`, and then writes the answers that it has given, those of a connection together; not to be called by the service while
    /// it answers a request.
    public func answerTogether(_ body: () -> Void) {
        isAnswering = true
        body()
        isAnswering = false
        flushNow()
    }

    /// Has a connection's answers written, together with those that come until then, at the end of ``answerTogether(_:)`` or in the next
    /// turn of the loop.
    func flushLater(_ connection: Connection) {
        if toFlush.isEmpty, !isAnswering {
            let server = NIOLoopBound(self, eventLoop: eventLoop)
            eventLoop.execute { server.value.flushNow() }
        }
        toFlush.append(connection)
    }

    private func flushNow() {
        var connections: [Connection] = []
        swap(&connections, &spareList)
        swap(&connections, &toFlush)
        for connection in connections { connection.flush() }
        connections.removeAll(keepingCapacity: connections.capacity <= Self.keptCapacity)
        spareList = connections
    }

    private static let keptCapacity = 1024
}

/// Tells a connection that is one too many so, and closes it.
private final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let error: ErrorObject

    init(_ error: ErrorObject) { self.error = error }

    func channelActive(context: ChannelHandlerContext) {
        var line = ByteBuffer(bytes: Response(id: .null, .error(error)).json)
        line.writeInteger(UInt8(ascii: "\n"))
        context.writeAndFlush(wrapOutboundOut(line)).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}

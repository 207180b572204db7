import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Keeps connections to the server alive between requests. Each request has one for itself: it takes one that is idle, or
/// a new one is made for it. Lives on one event loop.
final class ConnectionPool {
    /// How long a connection may be idle.
    static let idleTime: TimeAmount = .seconds(60)

    /// Told of each round trip that is measured on a connection that has answered before.
    var measured: ((Duration) -> Void)?
    /// Told when no connection is left.
    var allGone: (() -> Void)?
    private let endpoint: Endpoint
    private let timeout: TimeAmount
    private let headers: HTTPHeaders
    private let eventLoop: any EventLoop
    private let tls: TLSConfiguration
    private var tlsContext: EventLoopFuture<NIOSSLContext>?
    /// The one that was used last is used next, so that those that are not needed grow old.
    private var idle: [(connection: HTTPSConnection, end: Scheduled<Void>)] = []
    private var connections: [ObjectIdentifier: HTTPSConnection] = [:]
    /// Also those that are being connected, by their channels.
    private var attempts: [ObjectIdentifier: (channel: any Channel, connection: HTTPSConnection)] = [:]
    private var exchanges: [Int: Exchange] = [:]
    private var latest = 0
    private var isShutDown = false

    init(_ configuration: UpstreamConfiguration, eventLoop: any EventLoop) {
        endpoint = configuration.endpoint
        timeout = TimeAmount(configuration.timeout)
        self.eventLoop = eventLoop
        headers = ["Host": endpoint.authority, "Content-Type": "application/json"]
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        if let file = configuration.certificateAuthorityFile { tls.trustRoots = .file(file) }
        self.tls = tls
    }

    /// Sends a request.
    /// - Parameter completion: Called once, on the event loop, never before this returns.
    func post(_ uri: String, _ body: ByteBuffer, completion: @escaping (Exchange.End) -> Void) -> Exchange {
        latest += 1
        let number = latest
        let exchange = Exchange(uri: uri, body: body, timeout: timeout, eventLoop: eventLoop) { [weak self] end in
            self?.exchanges[number] = nil
            completion(end)
        }
        exchanges[number] = exchange
        if isShutDown { exchange.fail(.shutDown) } else { start(exchange) }
        return exchange
    }

    private func start(_ exchange: Exchange) {
        guard let (connection, end) = idle.popLast() else { return connect(for: exchange) }
        end.cancel()
        connection.send(exchange)
    }

    /// Closes all connections; what is under way fails.
    func shutDown() -> EventLoopFuture<Void> {
        isShutDown = true
        for exchange in Array(exchanges.values) { exchange.fail(.shutDown) }
        let channels = attempts.values.map(\.channel)
        for channel in channels { channel.close(promise: nil) }
        return .andAllComplete(channels.map(\.closeFuture), on: eventLoop)
    }

    // MARK: Connecting

    private func connect(for exchange: Exchange) {
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        let waiting = NIOLoopBound(exchange, eventLoop: eventLoop)
        madeTLSContext()
            .flatMap { context in pool.value.bootstrap(context).connect(to: pool.value.endpoint) }
            .whenComplete { result in
                switch result {
                case .success(let channel): pool.value.give(channel, to: waiting.value)
                case .failure(let error): waiting.value.fail(TransportError(connecting: error))
                }
            }
    }

    /// Of several addresses that are tried at once, this one was reached first; the others' channels are closed.
    private func give(_ channel: any Channel, to exchange: Exchange) {
        guard let connection = attempts[ObjectIdentifier(channel)]?.connection else {
            return exchange.fail(.closedByServer)
        }
        if exchange.isOver { return }
        let isReady = connections[ObjectIdentifier(connection)] != nil
        if isReady { start(exchange) } else { connection.waiting = exchange }
    }

    /// Made once, on another thread: reading the system's roots takes a while.
    private func madeTLSContext() -> EventLoopFuture<NIOSSLContext> {
        if let tlsContext { return tlsContext }
        let made = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { [tls] in
            try NIOSSLContext(configuration: tls)
        }
        tlsContext = made
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        made.whenFailure { _ in pool.value.tlsContext = nil }
        return made
    }

    private func bootstrap(_ context: NIOSSLContext) -> ClientBootstrap {
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try pool.value.prepare(channel, context) }
                    .flatMap { ResetOnClose.install(on: channel) }
            }
    }

    private func prepare(_ channel: any Channel, _ context: NIOSSLContext) throws {
        guard !isShutDown else { throw ChannelError.alreadyClosed }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: endpoint.serverName))
        try pipeline.addHTTPClientHandlers()
        let connection = HTTPSConnection(host: endpoint.host, headers: headers) { [weak self] in
            self?.heard($1, from: $0)
        }
        try pipeline.addHandler(connection)
        attempts[ObjectIdentifier(channel)] = (channel, connection)
        // A server that accepts and then says nothing.
        let patience = eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            if self?.connections[ObjectIdentifier(connection)] == nil { connection.close() }
        }
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        channel.closeFuture.whenComplete { _ in
            patience.cancel()
            pool.value.attempts[ObjectIdentifier(channel)] = nil
        }
    }

    // MARK: Connections

    private func heard(_ event: HTTPSConnection.Event, from connection: HTTPSConnection) {
        switch event {
        case .ready:
            connections[ObjectIdentifier(connection)] = connection
            // Who gave up meanwhile leaves it to the next one.
            if let exchange = connection.takeWaiting() { connection.send(exchange) } else { rest(connection) }
        case .idle: rest(connection)
        case .roundTrip(let time): measured?(time)
        case .closed(let error):
            connection.takeWaiting()?.fail(error)
            forget(connection)
        }
    }

    private func rest(_ connection: HTTPSConnection) {
        let end = eventLoop.assumeIsolated().scheduleTask(in: Self.idleTime) { connection.close() }
        idle.append((connection, end))
    }

    private func forget(_ connection: HTTPSConnection) {
        if let index = idle.firstIndex(where: { $0.connection === connection }) { idle.remove(at: index).end.cancel() }
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        if connections.isEmpty { allGone?() }
    }
}

extension ClientBootstrap {
    fileprivate func connect(to endpoint: Endpoint) -> EventLoopFuture<any Channel> {
        connect(host: endpoint.address, port: endpoint.port)
    }
}

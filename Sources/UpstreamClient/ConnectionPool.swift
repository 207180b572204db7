import Glibc
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
    private let eventLoop: any EventLoop
    private let tls: TLSConfiguration
    private var tlsContext: EventLoopFuture<NIOSSLContext>?
    /// The one that was used last is used next, so that those that are not needed grow old; the oldest is the first.
    private var idle: [(connection: HTTPSConnection, since: NIODeadline)] = []
    private var idleTimer: Scheduled<Void>?
    private var connections: [ObjectIdentifier: HTTPSConnection] = [:]
    /// Also those that are being connected, by their channels.
    private var attempts: [ObjectIdentifier: (channel: any Channel, connection: HTTPSConnection)] = [:]
    /// In the order of their deadlines, which is that of their beginnings; some are over. One timer serves all, as nearly all end
    /// before they are due.
    private var exchanges = CircularBuffer<(exchange: Exchange, deadline: NIODeadline)>()
    private var exchangeTimer: Scheduled<Void>?
    private var isShutDown = false

    init(_ configuration: UpstreamConfiguration, eventLoop: any EventLoop) {
        endpoint = configuration.endpoint
        timeout = TimeAmount(configuration.timeout)
        self.eventLoop = eventLoop
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        if let file = configuration.certificateAuthorityFile { tls.trustRoots = .file(file) }
        self.tls = tls
    }

    /// Sends a request.
    /// - Parameter completion: Called once, on the event loop, never before this returns.
    func post(_ request: GetAttrRequest, completion: @escaping (Exchange.End) -> Void) -> Exchange {
        let exchange = Exchange(request, eventLoop: eventLoop, completion: completion)
        if isShutDown {
            exchange.fail(.shutDown)
        } else {
            watch(exchange)
            start(exchange)
        }
        return exchange
    }

    private func watch(_ exchange: Exchange) {
        while let first = exchanges.first, first.exchange.isOver { exchanges.removeFirst() }
        exchanges.append((exchange, .now() + timeout))
        if exchangeTimer == nil { setExchangeTimer() }
    }

    private func setExchangeTimer() {
        guard let next = exchanges.first else { return }
        exchangeTimer = eventLoop.assumeIsolated().scheduleTask(deadline: next.deadline) { [weak self] in
            self?.endLateExchanges()
        }
    }

    private func endLateExchanges() {
        exchangeTimer = nil
        let now = NIODeadline.now()
        while let first = exchanges.first, first.exchange.isOver || first.deadline <= now {
            exchanges.removeFirst()
            first.exchange.timeIsUp()
        }
        setExchangeTimer()
    }

    private func start(_ exchange: Exchange) {
        guard let (connection, _) = idle.popLast() else { return connect(for: exchange) }
        connection.send(exchange)
    }

    /// Closes all connections; what is under way fails.
    func shutDown() -> EventLoopFuture<Void> {
        isShutDown = true
        for (exchange, _) in exchanges { exchange.fail(.shutDown) }
        exchanges.removeAll()
        exchangeTimer?.cancel()
        idleTimer?.cancel()
        let all = Array(attempts.values)
        for (_, connection) in all { connection.close() }
        return .andAllComplete(all.map(\.channel.closeFuture), on: eventLoop)
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
            .channelOption(.writeBufferWaterMark, value: HTTPSConnection.writeBufferBounds)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try pool.value.prepare(channel, context) }
                    .flatMap { channel.resetOnClose() }
            }
    }

    private func prepare(_ channel: any Channel, _ context: NIOSSLContext) throws {
        guard !isShutDown else { throw ChannelError.alreadyClosed }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: endpoint.serverName))
        let encoder = RequestEncoder(authority: endpoint.authority)
        try pipeline.addHandler(encoder)
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
        let socketSide = try pipeline.context(handlerType: NIOSSLClientHandler.self)
        let connection = HTTPSConnection(host: endpoint.host, encoder: encoder, socketSide: socketSide) { [weak self] in
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
        idle.append((connection, since: .now()))
        if idleTimer == nil { setIdleTimer() }
    }

    private func setIdleTimer() {
        guard let oldest = idle.first else { return }
        let deadline = oldest.since + Self.idleTime
        idleTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.closeOldConnections()
        }
    }

    private func closeOldConnections() {
        idleTimer = nil
        let old = idle.prefix { $0.since + Self.idleTime <= .now() }
        for (connection, _) in old { connection.close() }
        setIdleTimer()
    }

    private func forget(_ connection: HTTPSConnection) {
        if let index = idle.firstIndex(where: { $0.connection === connection }) { idle.remove(at: index) }
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        if connections.isEmpty { allGone?() }
    }
}

extension Channel {
    /// Makes closing the connection discard what the kernel has not sent yet, at once, also when this process is killed: a call that is
    /// given up must not reach the server seconds later, when its place in the limiter has been given to another.
    fileprivate func resetOnClose() -> EventLoopFuture<Void> {
        guard let options = self as? any SocketOptionProvider else { return eventLoop.makeSucceededVoidFuture() }
        return options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
}

extension ClientBootstrap {
    fileprivate func connect(to endpoint: Endpoint) -> EventLoopFuture<any Channel> {
        connect(host: endpoint.address, port: endpoint.port)
    }
}

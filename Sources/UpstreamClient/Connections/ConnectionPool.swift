import AttributeValues
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Keeps connections to the server alive between requests. Each request has one for itself. Carries out what
/// ``ConnectionPoolState`` decides. Lives on one event loop.
final class ConnectionPool {
    /// How an exchange ended.
    typealias End = Result<UpstreamConnectionState.Answer, UpstreamConnectionState.Failure>

    /// Names a call, for as long as the pool lives.
    struct CallID {
        fileprivate let number: UInt64
        fileprivate let connection: ConnectionID
    }

    /// A call that is not over. It is on a connection from its beginning on, which may still be in the making.
    private struct Call {
        let number: UInt64
        let request: GetAttrRequest
        /// Reads how the exchange ended.
        let read: (End) -> CallEnd
        let completion: (CallEnd) -> Void
    }

    private enum Connection {
        /// TCP: its channels, one for each address that is tried.
        case connecting([any Channel])
        /// TLS, and all that follows.
        case made(UpstreamConnection)
    }

    private enum Phase { case open, shutDown }

    private let endpoint: Endpoint
    private let requestWriter: RequestWriter
    private var timeout: Duration
    private let eventLoop: any EventLoop
    private let report: (UpstreamClient.Event) -> Void
    private var trustRoots: TrustRoots?
    /// What new connections are made with; nil until one is needed.
    private var tlsContext: EventLoopFuture<NIOSSLContext>?
    private var state = ConnectionPoolState()
    private var connections: [ConnectionID: Connection] = [:]
    private var calls: [ConnectionID: Call] = [:]
    private var callsMade: UInt64 = 0
    /// In the order of their deadlines, which is that of their beginnings but after a change of the time-out; some are over. One
    /// timer serves all, as nearly all end before they are due. It may ring for one that is over: to set it anew for each call would
    /// cost more.
    private var deadlines = CircularBuffer<(call: CallID, at: Moment)>()
    private var deadlineTimer: (at: Moment, task: Scheduled<Void>)?
    private var idleTimer: Scheduled<Void>?
    /// All that are not closed yet.
    private var channels: [ObjectIdentifier: any Channel] = [:]
    private var phase = Phase.open

    init(
        _ configuration: UpstreamConfiguration, eventLoop: any EventLoop,
        report: @escaping (UpstreamClient.Event) -> Void
    ) {
        endpoint = configuration.endpoint
        requestWriter = RequestWriter(authority: endpoint.authority)
        timeout = configuration.timeout
        self.eventLoop = eventLoop
        self.report = report
        trustRoots = configuration.trustRoots
    }

    /// From now on calls may take so long, and new connections need a certificate of these authorities. Other connections stay.
    func change(timeout: Duration, trustRoots: TrustRoots?) {
        self.timeout = timeout
        if trustRoots == self.trustRoots { return }
        self.trustRoots = trustRoots
        tlsContext = nil
    }

    // MARK: Calls

    /// Sends a request.
    /// - Parameters:
    ///   - read: Says what the end of the exchange means. The connection is kept only if the call was answered.
    ///   - completion: Called once, on the event loop, never before this returns, after the connection was closed or
    ///     is free.
    func post(
        _ request: GetAttrRequest, on choice: ConnectionChoice, read: @escaping (End) -> CallEnd,
        completion: @escaping (CallEnd) -> Void
    ) -> CallID {
        callsMade += 1
        let call = Call(number: callsMade, request: request, read: read, completion: completion)
        let now = Moment.now()
        let start = state.start(phase == .open ? choice : .new, now: now)
        let id =
            switch start {
            case .idle(let id), .new(let id): CallID(number: call.number, connection: id)
            }
        calls[id.connection] = call
        switch phase {
        case .open:
            watch(id, until: now + timeout)
            if case .new = start { connect(id.connection) } else { sendRequest(on: id.connection) }
        case .shutDown:
            callFailed(UpstreamConnectionState.Failure(error: .shutDown, wasSent: false), on: id.connection)
        }
        return id
    }

    /// Ends a call, if it is not over, and its connection.
    func cancel(_ call: CallID) { end(call, .cancelled) }

    private func sendRequest(on id: ConnectionID) {
        guard let call = calls[id], case .made(let connection) = connections[id] else { return }
        connection.send(requestWriter.bytes(of: call.request))
    }

    private func end(_ call: CallID, _ error: TransportError) {
        let id = call.connection
        guard calls[id]?.number == call.number else { return }
        switch connections[id] {
        case .made(let connection): connection.fail(error)
        case .connecting, nil: connectingFailed(error, id)
        }
    }

    private func answered(
        _ answer: UpstreamConnectionState.Answer, _ connection: UpstreamConnection, _ id: ConnectionID
    ) {
        guard let call = calls.removeValue(forKey: id) else { return connection.discard() }
        if let roundTrip = answer.roundTrip { report(.roundTrip(roundTrip)) }
        let end = call.read(.success(answer))
        guard case .answered = end.counted else {
            discard(connection, id, .failed)
            return complete(call, end)
        }
        guard answer.canBeKept else {
            discard(connection, id, .answered)
            return complete(call, end)
        }
        connection.keep()
        callEnded(on: id, .kept)
        call.completion(end)
    }

    private func discard(_ connection: UpstreamConnection, _ id: ConnectionID, _ outcome: ConnectionPoolState.Outcome) {
        connection.discard()
        callEnded(on: id, outcome)
        closed(id)
    }

    /// The connection is closed.
    private func callFailed(_ failure: UpstreamConnectionState.Failure, on id: ConnectionID) {
        callEnded(on: id, failure.suspectsIdleSince.map { .dead(since: $0) } ?? .failed)
        closed(id)
        guard let call = calls.removeValue(forKey: id) else { return }
        if let roundTrip = failure.roundTrip { report(.roundTrip(roundTrip)) }
        complete(call, call.read(.failure(failure)))
    }

    /// Reports the end in the next turn of the loop: a caller that has just started or cancelled the call is not called
    /// back at once, and the connection has been closed by then.
    private func complete(_ call: Call, _ end: CallEnd) {
        let completion = NIOLoopBound((call.completion, end), eventLoop: eventLoop)
        eventLoop.execute {
            var (completion, end) = completion.value
            if case .unknown = end.counted { end.counted = .unknown(closedAt: .now()) }
            completion(end)
        }
    }

    private func callEnded(on id: ConnectionID, _ outcome: ConnectionPoolState.Outcome) {
        for id in state.callEnded(on: id, outcome, now: .now()) { close(id) }
        setIdleTimer()
    }

    // MARK: Deadlines

    private func watch(_ call: CallID, until deadline: Moment) {
        while let first = deadlines.first, isOver(first.call) { deadlines.removeFirst() }
        var place = deadlines.endIndex
        while place > deadlines.startIndex, deadlines[deadlines.index(before: place)].at > deadline {
            place = deadlines.index(before: place)
        }
        deadlines.insert((call, at: deadline), at: place)
        if let deadlineTimer, deadlineTimer.at <= deadline { return }
        setDeadlineTimer()
    }

    private func isOver(_ call: CallID) -> Bool { calls[call.connection]?.number != call.number }

    private func setDeadlineTimer() {
        deadlineTimer?.task.cancel()
        deadlineTimer = deadlines.first.map { next in
            let task = eventLoop.assumeIsolated().scheduleTask(deadline: NIODeadline(next.at)) {
                [weak self] () -> Void in
                self?.endLateCalls()
            }
            return (next.at, task)
        }
    }

    private func endLateCalls() {
        let now = Moment.now()
        while let first = deadlines.first, isOver(first.call) || first.at <= now {
            deadlines.removeFirst()
            end(first.call, .timedOut)
        }
        setDeadlineTimer()
    }

    private func setIdleTimer() {
        guard idleTimer == nil, let next = state.nextExpiry else { return }
        idleTimer = eventLoop.assumeIsolated().scheduleTask(deadline: NIODeadline(next)) { [weak self] in
            self?.closeOldConnections()
        }
    }

    private func closeOldConnections() {
        idleTimer = nil
        for id in state.expired(now: .now()) { close(id) }
        setIdleTimer()
    }

    /// Closes all connections; what is not over fails.
    func shutDown() -> EventLoopFuture<Void> {
        phase = .shutDown
        deadlineTimer?.task.cancel()
        idleTimer?.cancel()
        let all = Array(channels.values)
        for (id, call) in calls { end(CallID(number: call.number, connection: id), .shutDown) }
        for id in connections.keys { close(id) }
        return .andAllComplete(all.map(\.closeFuture), on: eventLoop)
    }

    // MARK: Connecting

    private func connect(_ id: ConnectionID) {
        connections[id] = .connecting([])
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        madeTLSContext()
            .flatMap { context in
                pool.value.bootstrap(id).connect(to: pool.value.endpoint)
                    .flatMapThrowing { channel in try pool.value.made(channel, context, id) }
            }
            .whenFailure { error in pool.value.connectingFailed(TransportError(connecting: error), id) }
    }

    /// Made once, on another thread: reading the system's roots takes a while.
    private func madeTLSContext() -> EventLoopFuture<NIOSSLContext> {
        if let tlsContext { return tlsContext }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        if let trustRoots { tls.trustRoots = .certificates(trustRoots.certificates) }
        let made = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { [tls] in
            try NIOSSLContext(configuration: tls)
        }
        tlsContext = made
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        made.whenFailure { _ in pool.value.tlsContext = nil }
        return made
    }

    private func bootstrap(_ id: ConnectionID) -> ClientBootstrap {
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: UpstreamConnection.writeBufferBounds)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try pool.value.willConnect(channel, id) }
                    .flatMap { channel.resetOnClose() }
            }
    }

    /// Of several addresses that are tried at once, the one that is reached first is the connection's; the others'
    /// channels are closed.
    private func willConnect(_ channel: any Channel, _ id: ConnectionID) throws {
        guard case .connecting(let others) = connections[id] else { throw ChannelError.alreadyClosed }
        connections[id] = .connecting(others + [channel])
        channels[ObjectIdentifier(channel)] = channel
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        channel.closeFuture.whenComplete { _ in pool.value.channels[ObjectIdentifier(channel)] = nil }
    }

    private func made(_ channel: any Channel, _ context: NIOSSLContext, _ id: ConnectionID) throws {
        guard case .connecting = connections[id] else {
            channel.close(promise: nil)
            return
        }
        let pipeline = channel.pipeline.syncOperations
        let tls = try NIOSSLClientHandler(context: context, serverHostname: endpoint.serverName)
        try pipeline.addHandler(tls)
        let connection = UpstreamConnection(
            host: endpoint.host, socketSide: try pipeline.context(handler: tls)
        ) { [weak self] in self?.heard($0, from: id) }
        try pipeline.addHandler(connection)
        connections[id] = .made(connection)
        // The handler was added too late to hear of it.
        if !channel.isActive { connection.fail(.closedByServer) }
    }

    /// No connection could be made, or its call is over before it was.
    private func connectingFailed(_ error: TransportError, _ id: ConnectionID) {
        guard calls[id] != nil || connections[id] != nil else { return }
        let unfinished = connections[id]
        callFailed(UpstreamConnectionState.Failure(error: error, wasSent: false), on: id)
        // Which fails the attempt again.
        if case .connecting(let channels) = unfinished { for channel in channels { channel.close(promise: nil) } }
    }

    // MARK: Connections

    private func heard(_ event: UpstreamConnection.Event, from id: ConnectionID) {
        switch event {
        case .ready:
            state.connected(id)
            sendRequest(on: id)
        case .answered(let answer):
            guard case .made(let connection) = connections[id] else { return }
            answered(answer, connection, id)
        case .failed(let failure): callFailed(failure, on: id)
        case .closed: closed(id)
        }
    }

    /// Closes a connection that has no call.
    private func close(_ id: ConnectionID) {
        if case .made(let connection) = connections[id] { connection.fail(.shutDown) }
    }

    private func closed(_ id: ConnectionID) {
        connections[id] = nil
        if state.closed(id) { report(.connectionsGone) }
    }
}

extension Channel {
    /// Makes closing the connection discard what the kernel has not sent yet, at once, also when this process is
    /// killed: a call that is given up must not reach the server seconds later, when its place in the limiter has been
    /// given to another.
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

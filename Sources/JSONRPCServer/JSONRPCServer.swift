import Accounting
import JSONRPC
import NIOCore
import NIOPosix

/// Serves line-delimited JSON-RPC 2.0 on listening Unix sockets, all on one event loop, where everything here but
/// ``listen(on:)`` is to be called.
public final class JSONRPCServer {
    /// Who answers.
    let service: any RPCService
    private let eventLoop: any EventLoop
    /// Says who is at the other end of a socket; nil if that is not known.
    private let identify: (CInt) -> Caller?
    /// The time, for how long lines are taken in a turn of the loop.
    let now: () -> NIODeadline
    let listeners: Listeners
    private var connections: [UInt64: Connection] = [:]
    private var connectionsByPrincipal: [Principal: Int] = [:]
    private var pastUse = PastUse()
    private var lastConnection: UInt64 = 0
    private var flushes = FlushQueue<Connection>()
    private var turns = TurnQueue<Connection>()
    /// What may be spent on lines in this turn of the loop.
    @safe @exclusivity(unchecked)  // As the state of a connection.
    var turn = TurnBudget()
    private var nextTurn: NextTurn?
    private var workForNextTurn: [() -> Void] = []
    private var stopping = Stopping.no
    /// Connections that are to be closed at once, the next one last.
    private var closingNow: [UInt64] = []
    /// Which connections were silent for longest.
    @safe @exclusivity(unchecked)  // As the state of a connection.
    var idleness = IdleOrder()
    /// What the connections share.
    @safe @exclusivity(unchecked)  // As the state of a connection.
    var ledger: DoorLedger
    // These three are set after init, because their owner is the service as well, which exists before the server.

    /// Called whenever a connection has come or gone.
    public var connectionsChanged: (() -> Void)?
    /// Called when the process has no descriptor left for another connection, so that accepting pauses (true), and when
    /// accepting goes on after that (false): once each, however long the shortage lasts.
    public var descriptorShortageChanged: ((_ isShort: Bool) -> Void)?
    /// Called whenever a connection was one too many, with the error that it is answered with.
    public var connectionRefused: ((Caller, ErrorObject) -> Void)?

    private enum Stopping {
        case no
        /// Connections close once their requests are answered; these have not been asked to yet.
        case closing([UInt64], done: EventLoopPromise<Void>)
    }

    /// A server that listens nowhere yet.
    /// - Parameters:
    ///   - identify: Says who is at the other end of a socket; nil if that is not known, and then it is closed.
    ///   - now: The clock by which lines are taken for a bounded time in each turn of the loop.
    public init(
        service: any RPCService, limits: ServerLimits, eventLoop: any EventLoop,
        identify: @escaping (CInt) -> Caller? = { Caller(socket: $0) },
        now: @escaping () -> NIODeadline = NIODeadline.now
    ) {
        self.service = service
        self.eventLoop = eventLoop
        self.identify = identify
        self.now = now
        ledger = DoorLedger(limits)
        listeners = Listeners(eventLoop: eventLoop)
        listeners.shortageChanged = { [weak self] isShort in self?.shortageChanged(isShort) }
    }

    /// The bounds in force; a change holds for new connections.
    public var limits: ServerLimits {
        get { ledger.limits }
        set { ledger.limits = newValue }
    }
    /// What has happened so far.
    public var counters: ServerCounters { ledger.counters }
    /// Connections that are open.
    public var connectionCount: Int { connections.count }
    /// Where it listens.
    public var socketPaths: [String] { listeners.paths }
    /// Whether accepting pauses since the process has no descriptor left for another connection.
    public var isShortOfDescriptors: Bool { listeners.areShortOfDescriptors }
    /// Bytes of answers that wait for clients to read them.
    public var bufferedBytes: Int { ledger.buffered }
    /// Bytes of lines that have not ended, or have not been taken yet.
    public var lineBytes: Int { ledger.inputBytes }
    /// Turns that the server has taken after the loop had looked at its sockets.
    public private(set) var turnsTaken = 0

    /// Accepts connections on a socket that listens already. The socket belongs to the server from now on.
    ///
    /// While the process has no descriptor left for another connection, none is accepted until one closes or a second is over.
    /// - Parameters:
    ///   - door: Who comes by the socket.
    ///   - unbind: Takes the path of the socket away, so that no more callers can connect; nil if another process goes on with it.
    public func listen(
        on socket: CInt, as door: Door = .callers, unbind: (@Sendable () -> Void)? = nil
    ) -> EventLoopFuture<Void> {
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        return prepareNextTurn().flatMap {
            server.value.listeners.listen(on: socket, unbind: unbind) { try server.value.accept($0, door) }
        }
    }

    /// The connections that are open, in no order.
    public func connectionFigures() -> [ConnectionFigures] {
        let now = now()
        return connections.values.map { $0.figures(at: now) }
    }

    /// What users have asked for on connections that are closed; of very many users, those that have asked for most.
    public var pastUseByUID: [UInt32: ConnectionUse] { pastUse.byUID }

    private func shortageChanged(_ isShort: Bool) {
        if isShort { ledger.counters.descriptorShortages += 1 }
        descriptorShortageChanged?(isShort)
    }

    /// Accepts no connection any more. What waits to be accepted on a socket that another process goes on with waits for that one; of a
    /// socket of our own, it is accepted before the end.
    @discardableResult
    public func stopAccepting() -> EventLoopFuture<Void> { listeners.end() }

    /// Closes each connection once its requests are answered and its answers are read; done when all are closed. No
    /// more connections are served.
    public func closeConnections() -> EventLoopFuture<Void> {
        if case .closing(_, let done) = stopping { return done.futureResult }
        let done = eventLoop.makePromise(of: Void.self)
        stopping = .closing(connections.keys.sorted(by: >), done: done)
        closeSomeConnections()
        if connections.isEmpty { done.succeed() }
        return done.futureResult
    }

    /// As many as one turn of the loop may be spent on.
    private func closeSomeConnections() {
        guard case .closing(var left, let done) = stopping else { return }
        for _ in 0..<TurnBudget.maxSteps {
            guard let number = left.popLast() else { break }
            connections[number]?.closeWhenDone()
        }
        stopping = .closing(left, done: done)
        if !left.isEmpty { nextTurn?.request() }
    }

    /// Closes all connections that are open, whatever is unanswered or unread: a hundred at once, and the others in the next
    /// turns of the loop.
    public func closeConnectionsNow() {
        closingNow = connections.keys.sorted(by: >)
        closeSomeConnectionsNow()
    }

    private func closeSomeConnectionsNow() {
        for _ in 0..<TurnBudget.maxSteps {
            guard let number = closingNow.popLast() else { return }
            connections[number]?.closeNow()
        }
        if !closingNow.isEmpty { nextTurn?.request() }
    }

    // MARK: Connections

    private func accept(_ channel: any Channel, _ door: Door) throws {
        let transport = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self, { $0 })
        guard let socket = transport, let caller = identify(socket) else {
            throw ChannelError.inappropriateOperationForState
        }
        let principal = service.principal(of: caller, at: door)
        let account = ledger.open(for: principal, number: lastConnection + 1)
        if let limit = refusal(of: principal, account) {
            ledger.close(account)
            ledger.counters.refusedConnections[limit.name, default: 0] += 1
            let error = ErrorObject.overloadedServer(limit.name, limit.value)
            connectionRefused?(caller, error)
            try channel.pipeline.syncOperations.addHandler(RefusedConnection(error))
            return
        }
        try add(channel, socket, caller, door, principal, account)
        // It has connected before the end, and may have asked something.
        if case .closing(let left, let done) = stopping {
            stopping = .closing(left + [lastConnection], done: done)
            nextTurn?.request()
        }
        connectionsChanged?()
    }

    private func add(
        _ channel: any Channel, _ socket: CInt, _ caller: Caller, _ door: Door, _ principal: Principal,
        _ account: DoorLedger.Account
    ) throws {
        lastConnection += 1
        ledger.counters.connections += 1
        ledger.admit(account)
        let place = idleness.insert(lastConnection, list: account.connections.principal)
        let connection = Connection(
            socket: socket,
            Arrival(
                caller: caller, door: door, number: lastConnection, principal: principal, account: account,
                idlePlace: place, openedAt: now()),
            server: self)
        connections[connection.number] = connection
        if principal != .administrators { connectionsByPrincipal[principal, default: 0] += 1 }
        // Last, as it may fail: then the channel is closed, and the connection is not in the pipeline to notice.
        do {
            try channel.pipeline.syncOperations.addHandler(connection)
        } catch {
            connection.handlerIsMissing()
            throw error
        }
    }

    /// What a connection begins with.
    struct Arrival {
        let caller: Caller
        let door: Door
        let number: UInt64
        let principal: Principal
        let account: DoorLedger.Account
        let idlePlace: Int
        let openedAt: NIODeadline
    }

    /// The limit by which another connection is refused, if one is. May close the longest idle connection of another
    /// principal.
    private func refusal(
        of principal: Principal, _ account: DoorLedger.Account
    ) -> (name: String, value: Int)? {
        let admission = ledger.admission(of: account)
        if case .refused(let name, let value) = admission { return (name, value) }
        if principal != .administrators, connectionsByPrincipal[principal, default: 0] >= limits.maxConnectionsPerUID {
            return ("maxConnectionsPerUid", limits.maxConnectionsPerUID)
        }
        if case .insteadOfOne(let principal) = admission {
            let longest = idleness.longestIdle(in: principal) { connections[$0]?.isIdle == true }
            longest.flatMap { connections[$0] }?.closeNow()
            ledger.counters.displaced["maxConnections", default: 0] += 1
        }
        return nil
    }

    func removed(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.number) != nil else { return }
        idleness.remove(connection.idlePlace)
        if connection.principal != .administrators {
            let left = connectionsByPrincipal[connection.principal, default: 1] - 1
            connectionsByPrincipal[connection.principal] = left == 0 ? nil : left
        }
        pastUse.add(connection.use, of: connection.caller.uid)
        listeners.descriptorMayBeFree()
        connectionsChanged?()
        if connections.isEmpty, case .closing(_, let done) = stopping { done.succeed() }
    }

    // MARK: Floors

    /// Has those that hold most give something back in a later turn of the loop, if that is needed for the floor of another.
    @inline(__always)
    func relieveLaterIfNeeded() {
        if ledger.needsRelief { nextTurn?.request() }
    }

    /// As many as one turn of the loop may be spent on.
    private func relieve() {
        // As a rule; and the ledger would be copied to look for more.
        guard ledger.needsRelief else { return }
        for _ in 0..<Self.maxReliefs {
            guard let relief = ledger.relief else { return }
            ledger.counters.displaced["maxBufferedBytes", default: 0] += 1
            switch relief {
            case .answers(let number): connections[number]?.closeNow()
            case .line(let number): connections[number]?.giveUpLine()
            }
        }
        relieveLaterIfNeeded()
    }

    private static let maxReliefs = 16

    // MARK: Turns of the loop

    private func prepareNextTurn() -> EventLoopFuture<Void> {
        if nextTurn != nil { return eventLoop.makeSucceededVoidFuture() }
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        do {
            return try NextTurn.make(on: eventLoop) { [weak self] in self?.takeTurns() }
                .map { server.value.nextTurn = $0.value }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    /// Has a connection take a turn after the sockets were looked at.
    func takeTurnLater(_ connection: Connection) {
        turns.append(connection, lane: connection.lane)
        nextTurn?.request()
    }

    /// Has ``turnsTaken`` grow once the loop has looked at its sockets. A loop that runs tasks without end never does.
    public func requestTurn() {
        // Before it listens, there is no socket by which to know.
        if let nextTurn { nextTurn.request() } else { turnsTaken += 1 }
    }

    /// Runs `body` once, after the loop has looked at its sockets.
    public func inNextTurn(_ body: @escaping () -> Void) {
        guard let nextTurn else { return eventLoop.assumeIsolated().execute(body) }
        workForNextTurn.append(body)
        nextTurn.request()
    }

    private func takeTurns() {
        turnsTaken += 1
        turn.begin()
        let work = workForNextTurn
        workForNextTurn = []
        for body in work { body() }
        relieve()
        closeSomeConnections()
        closeSomeConnectionsNow()
        // Each that is queued now once, however many of them queue again.
        for _ in 0..<turns.count {
            guard !turn.isSpent, let connection = turns.next() else { break }
            connection.takeTurn()
        }
        if !turns.isEmpty { nextTurn?.request() }
    }

    // MARK: Writing

    /// Runs `body`, and then writes the answers that it has given, those of a connection together; not to be called by the service while
    /// it answers a request.
    /// - Parameter isTask: Whether this is a task of the loop: the loop has looked at all sockets then, so that the lines that come next
    ///   are those of another turn.
    public func answerTogether(isTask: Bool = false, _ body: () -> Void) {
        flushes.collect()
        body()
        flushAll()
        if isTask { turn.begin() }
    }

    /// Has a connection's answers written, together with those that come until then, at the end of ``answerTogether(_:)`` or at the end
    /// of this turn of the loop.
    func flushLater(_ connection: Connection) {
        guard flushes.append(connection) else { return }
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { server.value.flushAll() }
    }

    private func flushAll() {
        let connections = flushes.takeAll()
        for connection in connections { connection.flush() }
        flushes.giveBack(connections)
    }
}

/// Refuses a connection that is one too many, and closes it.
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

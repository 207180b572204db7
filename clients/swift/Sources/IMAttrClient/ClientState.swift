import Glibc
import JSONRPC

/// What a client knows, and what it decides: who waits, what is sent where, what is asked again, when to connect.
///
/// A value without sockets and clocks: each event is a call that gets the time (since any one moment) and gives back what is to
/// be done, in order.
struct ClientState {
    typealias CallID = Int
    typealias ConnectionID = Int

    /// What is to be done.
    enum Action: Equatable {
        /// Make a connection; report it by ``connected(_:now:)`` or ``connectFailed(_:errno:now:)``.
        case connect(ConnectionID)
        /// Write a line.
        case send([UInt8], on: ConnectionID)
        /// End a connection; it is not spoken of any more.
        case close(ConnectionID)
        /// Report to a caller how its call ended.
        case finish(CallID, Result<Reply, IMAttrError>)
        /// Call ``timePassed(now:)`` then; an earlier order is void.
        case wake(at: Duration)
    }

    struct Call {
        enum Place: Equatable {
            /// Waits for a connection, and not to be sent before a moment.
            case waiting(from: Duration)
            case sent(on: ConnectionID)
        }

        let request: Request
        /// The end of the caller's time.
        let due: Duration
        var place: Place
    }

    struct Connection {
        /// Requests that it owes an answer.
        var inFlight = 0
        /// Whether it has answered anything but that it is shutting down.
        var hasAnswered = false
    }

    /// The connection by which requests leave.
    enum Door: Equatable {
        case closed(until: Duration)
        case connecting(ConnectionID)
        case open(ConnectionID)
    }

    /// How long after a call's time the client gives up by itself: until then the daemon's own word is waited for.
    static let grace: Duration = .seconds(1)
    private static let shuttingDown = -32004

    let path: String
    private var calls: [CallID: Call] = [:]
    /// Those that live: the one by which requests leave, and those that have said they are shutting down but still owe answers.
    private var connections: [ConnectionID: Connection] = [:]
    private var door = Door.closed(until: .zero)
    private var latestConnection = 0
    private var hasConnected = false
    private var isClosed = false
    private var pauses = ReconnectPauses()
    private var alarm: Duration?
    private var actions: [Action] = []

    init(path: String) { self.path = path }

    // MARK: Callers

    /// A new call; its id must never have been used.
    mutating func submit(_ id: CallID, _ request: Request, now: Duration) -> [Action] {
        if isClosed { return [.finish(id, .failure(.cancelled))] }
        if path.isEmpty || path.utf8.contains(0) {
            return [.finish(id, .failure(.argument("socketPath is empty, or has a zero byte")))]
        }
        calls[id] = Call(request: request, due: now + request.timeout, place: .waiting(from: now))
        advance(id, now)
        return decided()
    }

    /// A caller has given up.
    mutating func cancel(_ id: CallID) -> [Action] {
        withdraw(id, .cancelled)
        return decided()
    }

    /// The client is given up, with all its callers.
    mutating func close() -> [Action] {
        isClosed = true
        for id in calls.keys.sorted() { finish(id, .failure(.cancelled)) }
        for id in connections.keys.sorted() { actions.append(.close(id)) }
        connections = [:]
        return decided()
    }

    // MARK: Connections

    /// A connection has been made.
    mutating func connected(_ id: ConnectionID, now: Duration) -> [Action] {
        guard !isClosed else { return [.close(id)] }
        hasConnected = true
        connections[id] = Connection()
        door = .open(id)
        for call in calls.keys.sorted() { advance(call, now) }
        return decided()
    }

    /// A connection could not be made. Nobody there is told at once if it was the first, and waited for if there was
    /// somebody before.
    mutating func connectFailed(_ id: ConnectionID, errno: CInt, now: Duration) -> [Action] {
        guard !isClosed else { return [] }
        if errno == EAGAIN || hasConnected && (errno == ENOENT || errno == ECONNREFUSED) {
            door = .closed(until: now + pauses.afterFailure())
            for call in calls.keys.sorted() { advance(call, now) }
        } else {
            door = .closed(until: now)
            for (call, state) in calls.sorted(by: { $0.key < $1.key }) {
                guard case .waiting = state.place else { continue }
                finish(call, .failure(.unreachable(path: path, errno: errno)))
            }
        }
        return decided()
    }

    /// A connection has ended: what it owed is asked again, on another.
    mutating func disconnected(_ id: ConnectionID, now: Duration) -> [Action] {
        guard let ended = connections.removeValue(forKey: id) else { return [] }
        shutDoor(of: id, ended, now)
        for call in callsSent(on: id) {
            calls[call]?.place = .waiting(from: now)
            advance(call, now)
        }
        return decided()
    }

    /// What came by a connection is not the protocol; all it owes fails.
    mutating func violated(_ id: ConnectionID, _ error: IMAttrError, now: Duration) -> [Action] {
        giveUp(id, error, now)
        return decided()
    }

    /// A line has come.
    mutating func received(_ answer: Answer, on id: ConnectionID, now: Duration) -> [Action] {
        guard connections[id] != nil else { return [] }
        guard answer.id != .null else { return receivedForConnection(answer, on: id, now: now) }
        // An answer that no call waits for is one to a request that was given up.
        if let call = answer.callID, calls[call]?.place == .sent(on: id) {
            connections[id]?.inFlight -= 1
            settle(call, answer.outcome, on: id, now)
            closeIfDone(id)
        }
        return decided()
    }

    /// An error with a null id concerns the connection (too many of them, say), or a line that could not be read.
    private mutating func receivedForConnection(_ answer: Answer, on id: ConnectionID, now: Duration) -> [Action] {
        switch answer.outcome {
        case .failure(let error): giveUp(id, .refused(error), now)
        case .success: giveUp(id, .protocol("a result whose id is null"), now)
        }
        return decided()
    }

    private mutating func settle(
        _ call: CallID, _ outcome: Result<JSONSlice, ErrorObject>, on id: ConnectionID, _ now: Duration
    ) {
        if case .failure(let error) = outcome, error.code == Self.shuttingDown {
            if let connection = connections[id] { shutDoor(of: id, connection, now) }
            calls[call]?.place = .waiting(from: now + .milliseconds(max(error.retryAfterMs ?? 0, 0)))
            return advance(call, now)
        }
        connections[id]?.hasAnswered = true
        pauses.answered()
        finish(call, outcome.map { Reply(slice: $0, connection: id) }.mapError { IMAttrError(answered: $0) })
    }

    // MARK: Time

    /// Looks at who has waited long enough.
    mutating func timePassed(now: Duration) -> [Action] {
        alarm = nil
        for id in calls.keys.sorted() { advance(id, now) }
        return decided()
    }

    // MARK: Decisions

    /// Does what can be done about a call now, and has itself woken when there is more.
    private mutating func advance(_ id: CallID, _ now: Duration) {
        guard let call = calls[id] else { return }
        switch call.place {
        case .sent:
            if now >= call.due + Self.grace { withdraw(id, .deadline()) } else { wake(at: call.due + Self.grace) }
        case .waiting(let start):
            if now >= call.due {
                finish(id, .failure(.lost))
            } else if now < start {
                wake(at: min(start, call.due))
            } else {
                leave(id, call, now)
            }
        }
    }

    /// Sends a call that may leave, or sees that there will be a connection.
    private mutating func leave(_ id: CallID, _ call: Call, _ now: Duration) {
        switch door {
        case .open(let connection):
            calls[id]?.place = .sent(on: connection)
            connections[connection]?.inFlight += 1
            actions.append(.send(call.request.line(id: id, timeLeft: call.due - now), on: connection))
            wake(at: call.due + Self.grace)
        case .connecting:
            wake(at: call.due)
        case .closed(let end) where now < end:
            wake(at: min(end, call.due))
        case .closed:
            latestConnection += 1
            door = .connecting(latestConnection)
            actions.append(.connect(latestConnection))
            wake(at: call.due)
        }
    }

    /// Ends a call that is not waited for any more, and notifies the daemon.
    private mutating func withdraw(_ id: CallID, _ error: IMAttrError) {
        guard let call = calls[id] else { return }
        finish(id, .failure(error))
        guard case .sent(let connection) = call.place else { return }
        connections[connection]?.inFlight -= 1
        actions.append(.send(RequestLine.cancellation(of: id), on: connection))
        closeIfDone(connection)
    }

    /// Ends a connection for a reason that its calls get.
    private mutating func giveUp(_ id: ConnectionID, _ error: IMAttrError, _ now: Duration) {
        guard let ended = connections.removeValue(forKey: id) else { return }
        shutDoor(of: id, ended, now)
        for call in callsSent(on: id) { finish(call, .failure(error)) }
        actions.append(.close(id))
    }

    /// No more requests leave by a connection.
    private mutating func shutDoor(of id: ConnectionID, _ connection: Connection, _ now: Duration) {
        guard door == .open(id) else { return }
        door = .closed(until: now + pauses.afterEnd(hasAnswered: connection.hasAnswered))
    }

    /// Ends a connection by which no request leaves any more, once it owes nothing.
    private mutating func closeIfDone(_ id: ConnectionID) {
        guard door != .open(id), connections[id]?.inFlight == 0 else { return }
        connections[id] = nil
        actions.append(.close(id))
    }

    private func callsSent(on id: ConnectionID) -> [CallID] {
        calls.filter { $0.value.place == .sent(on: id) }.keys.sorted()
    }

    private mutating func finish(_ id: CallID, _ result: Result<Reply, IMAttrError>) {
        if calls.removeValue(forKey: id) != nil { actions.append(.finish(id, result)) }
    }

    private mutating func wake(at moment: Duration) {
        if let alarm, alarm <= moment { return }
        alarm = moment
        actions.append(.wake(at: moment))
    }

    private mutating func decided() -> [Action] {
        defer { actions = [] }
        return actions
    }
}

/// A result, and the connection it came by.
struct Reply: Hashable, Sendable {
    let slice: JSONSlice
    let connection: ClientState.ConnectionID
}

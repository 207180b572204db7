import AttributeValues

/// Names a connection for as long as the process runs.
struct ConnectionID: Hashable, Sendable {
    fileprivate let number: UInt64
}

/// Which connection serves a call, and which ones are kept for later.
///
/// Connections can be dead without a sign of it, mostly many at once. When one turns out to be, those that have been
/// idle since before its call left are *set aside*: no call goes on them. The next call that gets a connection of its
/// own, which is the repeat of the lost one, shows what was wrong: if it is answered, they are closed; if it fails as
/// well, it was not the connection's fault, and they can be used again. Otherwise an account at which the server breaks
/// connections would empty the pool each time.
struct ConnectionPoolState {
    /// How long a connection may be idle.
    static let idleTime: Duration = .seconds(60)
    /// How long a connection rests after an answer while another one is idle: what comes late for its call would else be taken for the
    /// answer to the next one.
    static let restTime: Duration = .milliseconds(100)

    /// What a call goes on.
    enum Start: Hashable {
        case idle(ConnectionID)
        case new(ConnectionID)
    }

    /// How a call ended, as far as it says something of connections.
    enum Outcome: Hashable {
        /// The connection can be used again.
        case kept
        /// It was answered, but the connection is closed.
        case answered
        case failed
        /// The connection may have been dead when the call left, at this moment.
        case dead(since: Moment)
    }

    private struct Resting {
        let id: ConnectionID
        let since: Moment
    }

    private enum Suspicion {
        case none
        /// No call has got a new connection since.
        case untested([Resting])
        /// The call on this new connection will show it.
        case tested([Resting], by: ConnectionID)

        var connections: [Resting] {
            switch self {
            case .none: []
            case .untested(let connections), .tested(let connections, _): connections
            }
        }
    }

    private var made: UInt64 = 0
    /// Those whose handshake is done.
    private var ready: Set<ConnectionID> = []
    /// The one that was used last and has rested is used next, so that those that are not needed grow old; the oldest is the first.
    private var idle: [Resting] = []
    private var suspicion = Suspicion.none

    // MARK: Calls

    /// Finds or makes a connection for a call.
    mutating func start(_ choice: ConnectionChoice, now: Moment) -> Start {
        if choice == .any, !idle.isEmpty {
            let rested = idle.lastIndex { $0.since + Self.restTime <= now }
            return .idle(idle.remove(at: rested ?? 0).id)
        }
        made += 1
        let id = ConnectionID(number: made)
        if case .untested(let connections) = suspicion { suspicion = .tested(connections, by: id) }
        return .new(id)
    }

    /// A new connection's handshake is done.
    mutating func connected(_ id: ConnectionID) { ready.insert(id) }

    /// A connection's call is over.
    /// - Returns: Connections that are to be closed.
    mutating func callEnded(on id: ConnectionID, _ outcome: Outcome, now: Moment) -> [ConnectionID] {
        let closing = judge(by: id, outcome)
        switch outcome {
        case .kept: idle.append(Resting(id: id, since: now))
        case .answered, .failed: break
        case .dead(let since): setAside(idleSince: since)
        }
        return closing
    }

    /// A connection is closed.
    /// - Returns: Whether it was the last one that was ready.
    mutating func closed(_ id: ConnectionID) -> Bool {
        idle.removeAll { $0.id == id }
        changeSuspects { $0.filter { $0.id != id } }
        return ready.remove(id) != nil && ready.isEmpty
    }

    // MARK: Age

    /// When the next idle connection has been idle for too long.
    var nextExpiry: Moment? {
        [idle.first, suspicion.connections.first].compactMap { $0?.since }.min().map { $0 + Self.idleTime }
    }

    /// Connections that have been idle for too long, and are to be closed.
    func expired(now: Moment) -> [ConnectionID] {
        (idle + suspicion.connections).filter { $0.since + Self.idleTime <= now }.map(\.id)
    }

    // MARK: Suspicion

    private mutating func judge(by id: ConnectionID, _ outcome: Outcome) -> [ConnectionID] {
        guard case .tested(let connections, by: id) = suspicion else { return [] }
        suspicion = .none
        switch outcome {
        case .kept, .answered: return connections.map(\.id)
        case .failed, .dead:
            idle = (idle + connections).sorted { $0.since < $1.since }
            return []
        }
    }

    private mutating func setAside(idleSince moment: Moment) {
        let suspects = idle.filter { $0.since <= moment }
        if suspects.isEmpty { return }
        idle.removeAll { $0.since <= moment }
        if case .none = suspicion { suspicion = .untested([]) }
        changeSuspects { ($0 + suspects).sorted { $0.since < $1.since } }
    }

    private mutating func changeSuspects(_ change: ([Resting]) -> [Resting]) {
        switch suspicion {
        case .none: break
        case .untested(let connections): suspicion = .untested(change(connections))
        case .tested(let connections, let id): suspicion = .tested(change(connections), by: id)
        }
    }
}

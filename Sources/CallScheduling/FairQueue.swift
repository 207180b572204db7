import DequeModule

/// Who asks: a connection of a user.
public struct CallerKey: Hashable, Sendable {
    /// The user, whose connections share the user's part.
    public let uid: UInt32
    /// Names the connection.
    public let connection: UInt64

    /// Names a caller.
    public init(uid: UInt32, connection: UInt64) {
        self.uid = uid
        self.connection = connection
    }
}

/// Whose request is looked at next: users take turns, within a user its connections, within a connection its requests
/// in their order. Each turn is one account.
struct FairQueue: Sendable {
    private struct Line {
        var requests: Deque<RequestKey> = []
        /// Requests in the line that have ended.
        var ended = 0
    }

    private var users = RoundRobin<UInt32>()
    private var connections: [UInt32: RoundRobin<UInt64>] = [:]
    private var lines: [UInt64: Line] = [:]

    mutating func append(_ request: RequestKey, of caller: CallerKey) {
        users.add(caller.uid)
        connections[caller.uid, default: RoundRobin()].add(caller.connection)
        lines[caller.connection, default: Line()].requests.append(request)
    }

    /// The request at the head of the line whose turn it is. To be followed by ``taken()`` or ``dropHead()``.
    mutating func head() -> RequestKey? {
        while let user = users.current() {
            while let connection = connections[user]?.current() {
                if let request = lines[connection]?.requests.first { return request }
                lines[connection] = nil
                connections[user]?.removeCurrent()
            }
            connections[user] = nil
            users.removeCurrent()
        }
        return nil
    }

    /// An account of the head's was taken: the turn passes on.
    mutating func taken() {
        // Nobody else has a turn.
        if lines.count == 1 { return }
        guard let user = users.current() else { return }
        connections[user]?.rotate()
        users.rotate()
    }

    /// The head has nothing more that waits.
    mutating func dropHead() {
        guard let user = users.current(), let connection = connections[user]?.current() else { return }
        lines[connection]?.requests.removeFirst()
    }

    /// A request has ended; it is skipped when it is found.
    mutating func ended(_ caller: CallerKey, isOpen: (RequestKey) -> Bool) {
        guard var line = lines.removeValue(forKey: caller.connection) else { return }
        line.ended += 1
        if line.ended > 64, line.ended > line.requests.count / 2 {
            line.requests.removeAll { !isOpen($0) }
            line.ended = 0
        }
        lines[caller.connection] = line
    }

    /// A caller has cost others this many accounts' turns.
    mutating func charge(_ units: Int, to caller: CallerKey) {
        users.charge(units, to: caller.uid)
        connections[caller.uid]?.charge(units, to: caller.connection)
    }
}

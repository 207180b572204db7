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
    /// Somebody who takes turns, and the place where what is known of them is found without a search.
    private struct Turn: Hashable {
        let id: UInt64
        let place: Int

        static func == (left: Turn, right: Turn) -> Bool { left.id == right.id }
        func hash(into hasher: inout Hasher) { hasher.combine(id) }
    }

    private struct Line {
        var requests: Deque<RequestKey> = []
        /// Requests in the line that have ended.
        var ended = 0
    }

    private var users = RoundRobin<Turn>()
    private var placesOfUsers: [UInt32: Int] = [:]
    /// Each user's connections.
    private var connections: [RoundRobin<Turn>] = []
    private var vacantConnections: [Int] = []
    private var placesOfLines: [UInt64: Int] = [:]
    /// Each connection's requests.
    private var lines: [Line] = []
    private var vacantLines: [Int] = []

    mutating func append(_ request: RequestKey, of caller: CallerKey) {
        if let place = placesOfLines[caller.connection] {
            lines[place].requests.append(request)
        } else {
            add(Line(requests: [request]), of: caller)
        }
    }

    /// A connection has a line for as long as it takes turns, and a user a ring of connections.
    private mutating func add(_ line: Line, of caller: CallerKey) {
        let place = vacantLines.popLast() ?? lines.count
        if place == lines.count { lines.append(line) } else { lines[place] = line }
        placesOfLines[caller.connection] = place
        connections[placeOfUser(caller.uid)].add(Turn(id: caller.connection, place: place))
    }

    private mutating func placeOfUser(_ uid: UInt32) -> Int {
        if let place = placesOfUsers[uid] { return place }
        let place = vacantConnections.popLast() ?? connections.count
        if place == connections.count { connections.append(RoundRobin()) }
        placesOfUsers[uid] = place
        users.add(Turn(id: UInt64(uid), place: place))
        return place
    }

    /// The request at the head of the line whose turn it is. To be followed by ``taken()`` or ``dropHead()``.
    mutating func head() -> RequestKey? {
        while let user = users.current() {
            while let connection = connections[user.place].current() {
                if let request = lines[connection.place].requests.first { return request }
                removeLine(connection)
                connections[user.place].removeCurrent()
            }
            connections[user.place] = RoundRobin()
            vacantConnections.append(user.place)
            placesOfUsers[UInt32(user.id)] = nil
            users.removeCurrent()
        }
        return nil
    }

    private mutating func removeLine(_ connection: Turn) {
        lines[connection.place] = Line()
        vacantLines.append(connection.place)
        placesOfLines[connection.id] = nil
        // What many once needed is given back.
        if placesOfLines.isEmpty, lines.count > Self.keptCapacity { (lines, vacantLines) = ([], []) }
    }

    private static let keptCapacity = 1024

    /// An account of the head's was taken: the turn passes on.
    mutating func taken() {
        // Nobody else has a turn.
        if placesOfLines.count == 1 { return }
        guard let user = users.current() else { return }
        connections[user.place].rotate()
        users.rotate()
    }

    /// The head has nothing more that waits.
    mutating func dropHead() {
        guard let user = users.current(), let connection = connections[user.place].current() else { return }
        lines[connection.place].requests.removeFirst()
    }

    /// A request has ended; it is skipped when it is found.
    mutating func ended(_ caller: CallerKey, isOpen: (RequestKey) -> Bool) {
        guard let place = placesOfLines[caller.connection] else { return }
        lines[place].ended += 1
        if lines[place].ended > 64, lines[place].ended > lines[place].requests.count / 2 {
            lines[place].requests.removeAll { !isOpen($0) }
            lines[place].ended = 0
        }
    }

    /// A caller has cost others this many accounts' turns.
    mutating func charge(_ units: Int, to caller: CallerKey) {
        users.charge(units, to: Turn(id: UInt64(caller.uid), place: 0))
        guard let place = placesOfUsers[caller.uid] else { return }
        connections[place].charge(units, to: Turn(id: caller.connection, place: 0))
    }
}

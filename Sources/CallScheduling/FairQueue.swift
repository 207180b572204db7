import AttributeValues
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

    /// The requests of a connection. Most have one at a time, which takes no memory of its own.
    private struct Line {
        private(set) var first: RequestKey?
        private var others: Deque<RequestKey> = []
        /// Requests that have ended since the line was last cleared of such, at most so many of which are in it.
        var ended = 0
        var takesTurns = false

        var count: Int { first == nil ? 0 : others.count + 1 }

        mutating func append(_ request: RequestKey) {
            if first == nil { first = request } else { others.append(request) }
        }

        mutating func removeFirst() { first = others.popFirst() }

        mutating func removeEnded(isOpen: (RequestKey) -> Bool) {
            ended = 0
            others.removeAll { !isOpen($0) }
            if let first, !isOpen(first) { removeFirst() }
        }
    }

    private var users = RoundRobin<Turn>()
    private var placesOfUsers: [UInt32: Int] = [:]
    /// Each user's connections.
    private var connections: [RoundRobin<Turn>] = []
    private var vacantConnections: [Int] = []
    /// Also of connections that take no turns at present: most come back soon.
    private var placesOfLines: [UInt64: Int] = [:]
    /// Lines that take turns.
    private var active = 0
    /// Each connection's requests.
    private var lines: [Line] = []
    private var vacantLines: [Int] = []

    /// Connections that have a line, with those that had one lately.
    var remembered: Int { placesOfLines.count }

    mutating func append(_ request: RequestKey, of caller: CallerKey) {
        let place = placesOfLines[caller.connection] ?? addLine(of: caller)
        lines[place].append(request)
        if lines[place].takesTurns { return }
        lines[place].takesTurns = true
        active += 1
        connections[placeOfUser(caller.uid)].add(Turn(id: caller.connection, place: place))
    }

    private mutating func addLine(of caller: CallerKey) -> Int {
        if placesOfLines.count > 2 * active + Self.keptCapacity { dropIdleLines() }
        let place = vacantLines.popLast() ?? lines.count
        if place == lines.count { lines.append(Line()) }
        placesOfLines[caller.connection] = place
        return place
    }

    private mutating func dropIdleLines() {
        for (connection, place) in placesOfLines where !lines[place].takesTurns {
            lines[place] = Line()
            vacantLines.append(place)
            placesOfLines[connection] = nil
        }
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
                if let request = lines[connection.place].first { return request }
                lines[connection.place].takesTurns = false
                active -= 1
                connections[user.place].removeCurrent()
            }
            connections[user.place] = RoundRobin()
            vacantConnections.append(user.place)
            placesOfUsers[UInt32(user.id)] = nil
            users.removeCurrent()
        }
        // What many once needed is given back.
        if lines.count > 2 * Self.keptCapacity { (lines, vacantLines, placesOfLines) = ([], [], [:]) }
        return nil
    }

    /// Whether so many take turns that what one of them looks at has left the processor's caches when its next turn comes.
    var isCrowded: Bool { active > 30 }

    /// Whether nobody else takes turns.
    var isAlone: Bool { active == 1 }

    /// The request whose turn comes after so many others, or one that is near it: a guess, for what is to be fetched in advance.
    func upcoming(after turns: Int) -> RequestKey? {
        let (round, number) = turns.quotientAndRemainder(dividingBy: max(users.count, 1))
        return users.upcoming(after: number).flatMap { connections[$0.place].upcoming(after: round) }.flatMap {
            lines[$0.place].first
        }
    }

    private static let keptCapacity = 1024

    /// An account of the head's was taken: the turn passes on.
    mutating func taken() {
        if isAlone { return }
        guard let user = users.current() else { return }
        connections[user.place].rotate()
        users.rotate()
    }

    /// The head has nothing more that waits.
    mutating func dropHead() {
        guard let user = users.current(), let connection = connections[user.place].current() else { return }
        lines[connection.place].removeFirst()
    }

    /// A request has ended; it is skipped when it is found.
    mutating func ended(_ caller: CallerKey, isOpen: (RequestKey) -> Bool) {
        guard let place = placesOfLines[caller.connection] else { return }
        lines[place].ended += 1
        if lines[place].ended > 64, lines[place].ended > lines[place].count / 2 {
            lines[place].removeEnded(isOpen: isOpen)
        }
    }

    /// A caller has cost others this many accounts' turns.
    mutating func charge(_ units: Int, to caller: CallerKey) {
        users.charge(units, to: Turn(id: UInt64(caller.uid), place: 0))
        guard let place = placesOfUsers[caller.uid] else { return }
        connections[place].charge(units, to: Turn(id: caller.connection, place: 0))
    }
}

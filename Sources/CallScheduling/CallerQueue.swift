import AttributeValues
import DequeModule

/// The waiting requests of all callers, and whose account is taken next: within a lane users take turns, within a user its connections,
/// within a connection its requests in their order. Each turn is one account.
///
/// Users without a recent offence share the clean lane. An offending user has two lanes of its own.
struct CallerQueue: Sendable {
    /// Which callers' accounts a call takes.
    enum Source: Hashable, Sendable {
        /// All callers of all users without a recent offence.
        case clean
        /// The callers of an offending user that are not suspect.
        case besideOffender(uid: UInt32)
        /// The suspect callers of an offending user.
        case suspects(uid: UInt32)
    }

    /// A member of a ring, and the place where what is known of it is found without a search.
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
        /// Accounts of the connection that have been in calls.
        var rides = 0

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

    /// The connections of a user that have requests waiting.
    private struct User {
        let uid: UInt32
        /// All of them, or those that are not suspect if the user offends.
        var connections = RoundRobin<Turn>()
        var suspects = RoundRobin<Turn>()
        var isOffending = false

        var isIdle: Bool { connections.isEmpty && suspects.isEmpty }
    }

    /// Users in the clean lane.
    private var clean = RoundRobin<Turn>()
    private var placesOfUsers: [UInt32: Int] = [:]
    private var users: [User] = []
    private var vacantUsers: [Int] = []
    /// Also of connections that take no turns at present: most come back soon.
    private var placesOfLines: [UInt64: Int] = [:]
    /// Lines that take turns.
    private var active = 0
    /// Each connection's requests.
    private var lines: [Line] = []
    private var vacantLines: [Int] = []

    private static let keptCapacity = 1024

    /// Connections that have a line, with those that had one lately.
    var remembered: Int { placesOfLines.count }

    /// Users in the clean lane.
    var cleanUsers: Int { clean.count }

    /// Whether a connection is known to the queue.
    func knows(_ caller: CallerKey) -> Bool { placesOfLines[caller.connection] != nil }

    // MARK: Requests come and go

    /// A request waits.
    /// - Parameter lane: The caller's.
    mutating func append(_ request: RequestKey, of caller: CallerKey, lane: Lane) {
        let place = placesOfLines[caller.connection] ?? addLine(of: caller)
        lines[place].append(request)
        if lines[place].takesTurns { return }
        lines[place].takesTurns = true
        active += 1
        let user = placeOfUser(caller.uid, isOffending: lane != .clean)
        let turn = Turn(id: caller.connection, place: place)
        if lane == .suspect { users[user].suspects.add(turn) } else { users[user].connections.add(turn) }
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

    private mutating func placeOfUser(_ uid: UInt32, isOffending: Bool) -> Int {
        if let place = placesOfUsers[uid] { return place }
        let place = vacantUsers.popLast() ?? users.count
        var user = User(uid: uid)
        user.isOffending = isOffending
        if place == users.count { users.append(user) } else { users[place] = user }
        placesOfUsers[uid] = place
        if !isOffending { clean.add(Turn(id: UInt64(uid), place: place)) }
        return place
    }

    /// A request has ended; it is skipped when it is found.
    mutating func ended(_ caller: CallerKey, isOpen: (RequestKey) -> Bool) {
        guard let place = placesOfLines[caller.connection] else { return }
        lines[place].ended += 1
        if lines[place].ended > 64, lines[place].ended > lines[place].count / 2 {
            lines[place].removeEnded(isOpen: isOpen)
        }
    }

    // MARK: Offenders

    /// A user has offended: its callers leave the clean lane.
    mutating func separate(_ uid: UInt32) {
        guard let place = placesOfUsers[uid], !users[place].isOffending else { return }
        users[place].isOffending = true
        clean.remove(Turn(id: UInt64(uid), place: place))
    }

    /// A user has not offended for long: its callers come back to the clean lane.
    mutating func unite(_ uid: UInt32) {
        guard let place = placesOfUsers[uid], users[place].isOffending else { return }
        users[place].isOffending = false
        var suspects = users[place].suspects
        users[place].connections.takeAll(of: &suspects)
        users[place].suspects = suspects
        clean.add(Turn(id: UInt64(uid), place: place))
    }

    /// Accounts of a connection that have been in calls.
    func rides(of caller: CallerKey) -> Int { placesOfLines[caller.connection].map { lines[$0].rides } ?? 0 }

    /// How many callers take turns in a lane of an offending user.
    func callers(in source: Source) -> Int {
        switch source {
        case .clean: active
        case .besideOffender(let uid): placesOfUsers[uid].map { users[$0].connections.count } ?? 0
        case .suspects(let uid): placesOfUsers[uid].map { users[$0].suspects.count } ?? 0
        }
    }

    // MARK: Turns

    /// The request at the head of the line whose turn it is. To be followed by ``taken(from:)`` or ``dropHead(of:)``.
    /// - Parameter lane: Tells which lane a caller of an offending user is in at present.
    mutating func head(of source: Source, lane: (CallerKey) -> Lane) -> RequestKey? {
        switch source {
        case .clean: return cleanHead()
        case .besideOffender(let uid):
            guard let user = placesOfUsers[uid] else { return nil }
            while let turn = users[user].connections.current {
                if lane(CallerKey(uid: uid, connection: turn.id)) == .suspect {
                    users[user].connections.removeCurrent()
                    users[user].suspects.add(turn)
                } else if let request = lines[turn.place].first {
                    return request
                } else {
                    rest(turn)
                    users[user].connections.removeCurrent()
                }
            }
            forgetIfIdle(user)
        case .suspects(let uid):
            guard let user = placesOfUsers[uid] else { return nil }
            while let turn = users[user].suspects.current {
                if lane(CallerKey(uid: uid, connection: turn.id)) != .suspect {
                    users[user].suspects.removeCurrent()
                    users[user].connections.add(turn)
                } else if let request = lines[turn.place].first {
                    return request
                } else {
                    rest(turn)
                    users[user].suspects.removeCurrent()
                }
            }
            forgetIfIdle(user)
        }
        return nil
    }

    /// The request at the head of the line whose turn it is in the clean lane.
    mutating func cleanHead() -> RequestKey? {
        while let user = clean.current {
            while let turn = users[user.place].connections.current {
                if let request = lines[turn.place].first { return request }
                rest(turn)
                users[user.place].connections.removeCurrent()
            }
            clean.removeCurrent()
            forget(user.place)
        }
        return nil
    }

    /// A connection has no request that waits.
    private mutating func rest(_ turn: Turn) {
        lines[turn.place].takesTurns = false
        active -= 1
    }

    private mutating func forgetIfIdle(_ user: Int) {
        if users[user].isIdle { forget(user) }
    }

    private mutating func forget(_ user: Int) {
        placesOfUsers[users[user].uid] = nil
        users[user] = User(uid: users[user].uid)
        vacantUsers.append(user)
        // What many once needed is given back.
        if placesOfUsers.isEmpty, lines.count > 2 * Self.keptCapacity {
            (lines, vacantLines, placesOfLines) = ([], [], [:])
        }
    }

    /// Whether so many take turns that what one of them looks at has left the processor's caches when its next turn comes.
    var isCrowded: Bool { active > 30 }

    /// Whether only one connection takes turns.
    var isAlone: Bool { active == 1 }

    /// The request in the clean lane whose turn comes after so many others, or one that is near it: a guess, for what is to be fetched in
    /// advance.
    func upcoming(after turns: Int) -> RequestKey? {
        let (round, number) = turns.quotientAndRemainder(dividingBy: max(clean.count, 1))
        return clean.upcoming(after: number).flatMap { users[$0.place].connections.upcoming(after: round) }.flatMap {
            lines[$0.place].first
        }
    }

    /// An account of the head's was taken: the turn passes on.
    mutating func taken(from source: Source) {
        switch source {
        case .clean:
            guard let user = clean.current, let turn = users[user.place].connections.current else { return }
            lines[turn.place].rides += 1
            if isAlone { return }
            users[user.place].connections.rotate()
            clean.rotate()
        case .besideOffender(let uid):
            guard let user = placesOfUsers[uid], let turn = users[user].connections.current else { return }
            lines[turn.place].rides += 1
            users[user].connections.rotate()
        case .suspects(let uid):
            guard let user = placesOfUsers[uid], let turn = users[user].suspects.current else { return }
            lines[turn.place].rides += 1
            users[user].suspects.rotate()
        }
    }

    /// The head has nothing more that waits.
    mutating func dropHead(of source: Source) {
        let turn: Turn? =
            switch source {
            case .clean: clean.current.flatMap { users[$0.place].connections.current }
            case .besideOffender(let uid): placesOfUsers[uid].flatMap { users[$0].connections.current }
            case .suspects(let uid): placesOfUsers[uid].flatMap { users[$0].suspects.current }
            }
        if let turn { lines[turn.place].removeFirst() }
    }
}

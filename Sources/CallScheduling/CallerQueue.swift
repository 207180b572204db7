import Accounting
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
        case besideOffender(principal: Principal)
        /// The suspect callers of an offending user.
        case suspects(principal: Principal)
    }

    /// A member of a ring, and the place where what is known of it is found without a search.
    private struct Turn: Hashable {
        let id: UInt64
        let place: Int

        init(connection: UInt64, line: Int) { (id, place) = (connection, line) }
        init(user place: Int) { (id, self.place) = (UInt64(place), place) }

        static func == (left: Turn, right: Turn) -> Bool { left.id == right.id }
        func hash(into hasher: inout Hasher) { hasher.combine(id) }
    }

    /// The requests of a connection. Most have one at a time, which takes no memory of its own.
    private struct Line {
        private(set) var first: RequestKey?
        private var others: Deque<RequestKey> = []
        /// What its requests are charged to.
        let share: Pot.Place
        /// Requests that have not ended, those in calls included.
        var open = 0
        /// Whether its client does not read: then its accounts enter no call.
        var isPaused = false
        /// Requests that have ended since the line was last cleared of such, at most so many of which are in it.
        var ended = 0
        var takesTurns = false
        /// Accounts of the connection that have been in calls.
        var rides = 0

        init(share: Pot.Place) { self.share = share }

        var count: Int { first == nil ? 0 : others.count + 1 }

        /// The request whose turn it is, unless the line is paused.
        var head: RequestKey? { isPaused ? nil : first }

        mutating func append(_ request: RequestKey) {
            if first == nil { first = request } else { others.append(request) }
        }

        mutating func removeFirst() { first = others.popFirst() }

        /// Takes out the request that came last, if one is left.
        mutating func removeNewest(isOpen: (RequestKey) -> Bool) -> RequestKey? {
            while let newest = others.popLast() ?? first.take() {
                if isOpen(newest) { return newest }
            }
            return nil
        }

        mutating func removeEnded(isOpen: (RequestKey) -> Bool) {
            ended = 0
            others.removeAll { !isOpen($0) }
            if let first, !isOpen(first) { removeFirst() }
        }
    }

    /// The connections of a user that have requests waiting.
    private struct User {
        let principal: Principal
        /// In the shares. It stays the same while a line of the user takes turns, and so while the user is in the queue.
        let number: Int
        /// All of them, or those that are not suspect if the user offends.
        var connections = RoundRobin<Turn>()
        var suspects = RoundRobin<Turn>()
        var isOffending = false

        var isIdle: Bool { connections.isEmpty && suspects.isEmpty }
    }

    /// Users in the clean lane.
    private var clean = RoundRobin<Turn>()
    private var placesOfUsers: [Principal: Int] = [:]
    /// The same without hashing, by the number that a user has in the shares; -1 where there is none.
    private var placesByNumber: [Int] = []
    private var users: [User] = []
    private var vacantUsers: [Int] = []
    /// Also of connections that take no turns at present: most come back soon.
    private var placesOfLines: [UInt64: Int] = [:]
    /// Lines that take turns.
    private var active = 0
    /// Lines with requests that have not ended.
    private var openLines = 0
    /// Lines that are paused.
    private var paused = 0
    private var shares: WaitingShares
    /// Each connection's requests.
    private var lines: [Line] = []
    private var vacantLines: [Int] = []

    private static let keptCapacity = 1024

    /// - Parameters:
    ///   - all: (request, account) pairs of all open requests, at most.
    ///   - perPrincipal: Those of one principal, at most.
    init(all: Int = .max / 2, perPrincipal: Int = .max / 2) {
        shares = WaitingShares(all: all, perPrincipal: perPrincipal)
    }

    /// Connections that have a line, with those that had one lately.
    var remembered: Int { placesOfLines.count }

    /// Users that have a connection with a line.
    var rememberedUsers: Int { shares.principals }

    /// Users in the clean lane.
    var cleanUsers: Int { clean.count }

    /// Whether a connection is known to the queue.
    func knows(_ caller: CallerKey) -> Bool { placesOfLines[caller.connection] != nil }

    // MARK: Requests come and go

    /// The place of a connection's line, which is made if there is none. It stays the same while a request of the connection is open.
    mutating func line(of caller: CallerKey) -> Int { placesOfLines[caller.connection] ?? addLine(of: caller) }

    /// Takes in a request of a line.
    /// - Parameter count: Its accounts.
    /// - Returns: The limit that forbids it; nil if it is open now.
    mutating func open(_ count: Int, in line: Int) -> QueueLimit? {
        if let limit = shares.charge(count, to: lines[line].share) { return limit }
        if lines[line].open == 0 { openLines += 1 }
        lines[line].open += 1
        return nil
    }

    /// An open request waits for its turns.
    /// - Parameter lane: The caller's.
    mutating func append(_ request: RequestKey, in line: Int, of caller: CallerKey, lane: Lane) {
        lines[line].append(request)
        takeTurns(line, of: caller, lane: lane)
    }

    private mutating func takeTurns(_ place: Int, of caller: CallerKey, lane: Lane) {
        if lines[place].takesTurns || lines[place].isPaused { return }
        lines[place].takesTurns = true
        active += 1
        let number = lines[place].share.principal
        let user = placeOfUser(caller.principal, number: number, isOffending: lane != .clean)
        let turn = Turn(connection: caller.connection, line: place)
        if lane == .suspect { users[user].suspects.add(turn) } else { users[user].connections.add(turn) }
    }

    private mutating func addLine(of caller: CallerKey) -> Int {
        if placesOfLines.count > 2 * max(active, openLines) + Self.keptCapacity { dropIdleLines() }
        let line = Line(share: shares.makePlace(for: caller))
        let place = vacantLines.popLast() ?? lines.count
        if place == lines.count { lines.append(line) } else { lines[place] = line }
        placesOfLines[caller.connection] = place
        return place
    }

    private mutating func dropIdleLines() {
        for (connection, place) in placesOfLines where !lines[place].takesTurns && lines[place].open == 0 {
            shares.giveUp(lines[place].share)
            lines[place].removeEnded { _ in false }
            vacantLines.append(place)
            placesOfLines[connection] = nil
        }
    }

    private mutating func placeOfUser(_ principal: Principal, number: Int, isOffending: Bool) -> Int {
        while placesByNumber.count <= number { placesByNumber.append(-1) }
        if placesByNumber[number] >= 0 { return placesByNumber[number] }
        let place = vacantUsers.popLast() ?? users.count
        placesByNumber[number] = place
        var user = User(principal: principal, number: number)
        user.isOffending = isOffending
        if place == users.count { users.append(user) } else { users[place] = user }
        placesOfUsers[principal] = place
        if !isOffending { clean.add(Turn(user: place)) }
        return place
    }

    /// An open request has ended; it is skipped when it is found.
    /// - Parameter count: Its accounts.
    mutating func close(_ count: Int, in line: Int, isOpen: (RequestKey) -> Bool) {
        shares.release(count, from: lines[line].share)
        lines[line].open -= 1
        lines[line].ended += 1
        if lines[line].open == 0 {
            openLines -= 1
            setPaused(false, line)
        }
        if lines[line].ended > 64, lines[line].ended > lines[line].count / 2 {
            lines[line].removeEnded(isOpen: isOpen)
        }
    }

    /// (request, account) pairs of all open requests.
    var openAccounts: Int { shares.held }

    /// Those of each principal that has some, in no particular order.
    var openAccountsByPrincipal: [(principal: Principal, held: Int)] { shares.holdings }

    /// Those of one principal.
    func openAccounts(of principal: Principal) -> Int { shares.held(by: principal) }

    /// Takes other bounds, as when the queue was made.
    mutating func change(all: Int, perPrincipal: Int) { shares.change(all: all, perPrincipal: perPrincipal) }

    /// Whether ``takeDisplaced(isOpen:)`` may take out something.
    var isOverdrawn: Bool { shares.isOverdrawn }

    /// Takes out a request that is to end because there was no room for another principal's first one; nil if there was.
    mutating func takeDisplaced(isOpen: (RequestKey) -> Bool) -> RequestKey? {
        guard let connection = shares.overdrawing, let line = placesOfLines[connection] else { return nil }
        return lines[line].removeNewest(isOpen: isOpen)
    }

    // MARK: Clients that do not read

    /// Whether any line is paused.
    var hasPaused: Bool { paused > 0 }

    /// Whether a line is paused.
    func isPaused(_ line: Int) -> Bool { lines[line].isPaused }

    /// The client of a connection does not read: its requests take no turns.
    mutating func pause(_ caller: CallerKey) {
        if let line = placesOfLines[caller.connection], lines[line].open > 0 { setPaused(true, line) }
    }

    /// The client of a connection reads again.
    mutating func resume(_ caller: CallerKey, lane: Lane) {
        guard let line = placesOfLines[caller.connection] else { return }
        setPaused(false, line)
        if lines[line].first != nil { takeTurns(line, of: caller, lane: lane) }
    }

    private mutating func setPaused(_ isPaused: Bool, _ line: Int) {
        if lines[line].isPaused == isPaused { return }
        lines[line].isPaused = isPaused
        paused += isPaused ? 1 : -1
    }

    // MARK: Offenders

    /// A user has offended: its callers leave the clean lane.
    mutating func separate(_ principal: Principal) {
        guard let place = placesOfUsers[principal], !users[place].isOffending else { return }
        users[place].isOffending = true
        clean.remove(Turn(user: place))
    }

    /// A user has not offended for long: its callers come back to the clean lane.
    mutating func unite(_ principal: Principal) {
        guard let place = placesOfUsers[principal], users[place].isOffending else { return }
        users[place].isOffending = false
        var suspects = users[place].suspects
        users[place].connections.takeAll(of: &suspects)
        users[place].suspects = suspects
        clean.add(Turn(user: place))
    }

    /// Accounts of a connection that have been in calls.
    func rides(of caller: CallerKey) -> Int { placesOfLines[caller.connection].map { lines[$0].rides } ?? 0 }

    /// How many callers take turns in a lane of an offending user.
    func callers(in source: Source) -> Int {
        switch source {
        case .clean: active
        case .besideOffender(let principal): placesOfUsers[principal].map { users[$0].connections.count } ?? 0
        case .suspects(let principal): placesOfUsers[principal].map { users[$0].suspects.count } ?? 0
        }
    }

    // MARK: Turns

    /// The request at the head of the line whose turn it is. To be followed by ``taken(from:)`` or ``dropHead(of:)``.
    /// - Parameter lane: Tells which lane a caller of an offending user is in at present.
    mutating func head(of source: Source, lane: (CallerKey) -> Lane) -> RequestKey? {
        switch source {
        case .clean: return cleanHead()
        case .besideOffender(let principal):
            guard let user = placesOfUsers[principal] else { return nil }
            while let turn = users[user].connections.current {
                if lane(CallerKey(principal: principal, connection: turn.id)) == .suspect {
                    users[user].connections.removeCurrent()
                    users[user].suspects.add(turn)
                } else if let request = lines[turn.place].head {
                    return request
                } else {
                    rest(turn)
                    users[user].connections.removeCurrent()
                }
            }
            forgetIfIdle(user)
        case .suspects(let principal):
            guard let user = placesOfUsers[principal] else { return nil }
            while let turn = users[user].suspects.current {
                if lane(CallerKey(principal: principal, connection: turn.id)) != .suspect {
                    users[user].suspects.removeCurrent()
                    users[user].connections.add(turn)
                } else if let request = lines[turn.place].head {
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
                if let request = lines[turn.place].head { return request }
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
        placesOfUsers[users[user].principal] = nil
        placesByNumber[users[user].number] = -1
        users[user] = User(principal: users[user].principal, number: users[user].number)
        vacantUsers.append(user)
        // What many once needed is given back.
        if placesOfUsers.isEmpty, openLines == 0, lines.count > 2 * Self.keptCapacity {
            for place in placesOfLines.values { shares.giveUp(lines[place].share) }
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
        case .besideOffender(let principal):
            guard let user = placesOfUsers[principal], let turn = users[user].connections.current else { return }
            lines[turn.place].rides += 1
            users[user].connections.rotate()
        case .suspects(let principal):
            guard let user = placesOfUsers[principal], let turn = users[user].suspects.current else { return }
            lines[turn.place].rides += 1
            users[user].suspects.rotate()
        }
    }

    /// The head has nothing more that waits.
    mutating func dropHead(of source: Source) {
        let turn: Turn? =
            switch source {
            case .clean: clean.current.flatMap { users[$0.place].connections.current }
            case .besideOffender(let principal): placesOfUsers[principal].flatMap { users[$0].connections.current }
            case .suspects(let principal): placesOfUsers[principal].flatMap { users[$0].suspects.current }
            }
        if let turn { lines[turn.place].removeFirst() }
    }
}

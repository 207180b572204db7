import Accounting
import AttributeValues
import DequeModule

/// Whose account is taken next: within the clean lane rules take turns by their weights, within a rule its users, within a user its
/// connections, within a connection its requests in their order. Each turn is one account.
///
/// Users without a recent offence share the clean lane. An offending user has two lanes of its own. A user is one of a rule: where a uid
/// asks under two rules, it is two users.
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

    /// The connections of a user that have requests waiting.
    private struct User {
        let principal: Principal
        /// The place of its rule.
        let rule: Int
        /// In the lines. It stays the same while a line of the user takes turns, and so while the user is in the queue.
        let number: Int
        /// All of them, or those that are not suspect if the user offends.
        var connections = RoundRobin<Turn>()
        var suspects = RoundRobin<Turn>()
        var isOffending = false

        var isIdle: Bool { connections.isEmpty && suspects.isEmpty }
    }

    /// Each connection's requests.
    var lines: CallerLines
    /// Users in the clean lane, by the place of their rule.
    private var clean: [RoundRobin<Turn>] = [RoundRobin()]
    private var placesOfUsers: [Principal: Int] = [:]
    /// The same without hashing, by the number that a user has in the lines; -1 where there is none.
    private var placesByNumber: [Int] = []
    private var users: [User] = []
    private var vacantUsers: [Int] = []

    /// - Parameters:
    ///   - all: (request, account) pairs of all open requests, at most.
    ///   - perPrincipal: Those of one principal, at most.
    init(all: Int = .max / 2, perPrincipal: Int = .max / 2) {
        lines = CallerLines(all: all, perPrincipal: perPrincipal)
    }

    /// Users in the clean lane of whom an account may leave, as far as their rules' limits are concerned.
    var cleanUsers: Int { lines.rules.readyUsers }

    /// The weight of the clean lane beside users that have calls of their own.
    var cleanWeight: Double { lines.rules.cleanWeight }

    /// The weight of a user that has calls of its own.
    func weight(of principal: Principal) -> Double { lines.rules.weight(ofUserIn: principal.rule) }

    // MARK: Requests come

    /// An open request waits for its turns.
    /// - Parameter lane: The caller's.
    mutating func append(_ request: RequestKey, in line: Int, of caller: CallerKey, lane: Lane) {
        lines.append(request, to: line)
        takeTurns(line, of: caller, lane: lane)
    }

    private mutating func takeTurns(_ line: Int, of caller: CallerKey, lane: Lane) {
        guard lines.startTurns(line) else { return }
        let number = lines.userNumber(of: line)
        let user = placeOfUser(
            caller.principal, rule: lines.rule(of: line), number: number, isOffending: lane != .clean)
        let turn = Turn(connection: caller.connection, line: line)
        if lane == .suspect { users[user].suspects.add(turn) } else { users[user].connections.add(turn) }
    }

    private mutating func placeOfUser(_ principal: Principal, rule: Int, number: Int, isOffending: Bool) -> Int {
        while placesByNumber.count <= number { placesByNumber.append(-1) }
        if placesByNumber[number] >= 0 { return placesByNumber[number] }
        let place = vacantUsers.popLast() ?? users.count
        placesByNumber[number] = place
        var user = User(principal: principal, rule: rule, number: number)
        user.isOffending = isOffending
        if place == users.count { users.append(user) } else { users[place] = user }
        placesOfUsers[principal] = place
        while clean.count <= rule { clean.append(RoundRobin()) }
        if !isOffending { clean[rule].add(Turn(user: place)) }
        lines.rules.addUser(of: rule, isClean: !isOffending)
        return place
    }

    /// The client of a connection reads again.
    /// - Parameter lane: The lane of a caller.
    mutating func resume(_ caller: CallerKey, lane: (CallerKey) -> Lane) {
        for (line, caller) in lines.resume(caller) { takeTurns(line, of: caller, lane: lane(caller)) }
    }

    // MARK: Offenders

    /// A user has offended: its callers leave the clean lane.
    mutating func separate(_ principal: Principal) {
        guard let place = placesOfUsers[principal], !users[place].isOffending else { return }
        users[place].isOffending = true
        clean[users[place].rule].remove(Turn(user: place))
        lines.rules.removeCleanUser(of: users[place].rule)
    }

    /// A user has not offended for long: its callers come back to the clean lane.
    mutating func unite(_ principal: Principal) {
        guard let place = placesOfUsers[principal], users[place].isOffending else { return }
        users[place].isOffending = false
        var suspects = users[place].suspects
        users[place].connections.takeAll(of: &suspects)
        users[place].suspects = suspects
        clean[users[place].rule].add(Turn(user: place))
        lines.rules.addCleanUser(of: users[place].rule)
    }

    /// How many callers take turns in a lane of an offending user; none while its rule's accounts have to wait.
    func callers(in source: Source) -> Int {
        switch source {
        case .clean: lines.active
        case .besideOffender(let principal): readyUser(principal)?.connections.count ?? 0
        case .suspects(let principal): readyUser(principal)?.suspects.count ?? 0
        }
    }

    private func readyUser(_ principal: Principal) -> User? {
        guard let place = placesOfUsers[principal], !lines.rules.isDelayed(users[place].rule) else { return nil }
        return users[place]
    }

    // MARK: Turns

    /// The request at the head of the line whose turn it is. To be followed by ``taken(from:)`` or ``dropHead(of:)``.
    /// - Parameter lane: The lane in which a caller of an offending user is at present.
    mutating func head(of source: Source, now: Moment, lane: (CallerKey) -> Lane) -> RequestKey? {
        switch source {
        case .clean: cleanHead(now: now)
        case .besideOffender(let principal):
            head(of: principal, \.connections, movingTo: \.suspects, now: now) { lane($0) == .suspect }
        case .suspects(let principal):
            head(of: principal, \.suspects, movingTo: \.connections, now: now) { lane($0) != .suspect }
        }
    }

    /// The head of one of the two rings of an offending user.
    /// - Parameter belongsToOther: Whether a caller is to take its turns in the other ring from now on.
    private mutating func head(
        of principal: Principal, _ ring: WritableKeyPath<User, RoundRobin<Turn>>,
        movingTo other: WritableKeyPath<User, RoundRobin<Turn>>, now: Moment, if belongsToOther: (CallerKey) -> Bool
    ) -> RequestKey? {
        guard let user = placesOfUsers[principal], !lines.rules.isDelayed(users[user].rule) else { return nil }
        while let turn = users[user][keyPath: ring].current {
            if belongsToOther(CallerKey(principal: principal, connection: turn.id)) {
                users[user][keyPath: ring].removeCurrent()
                users[user][keyPath: other].add(turn)
            } else if let request = lines.head(of: turn.place) {
                if lines.rules.hasToken(users[user].rule, now: now) { return request }
                lines.rules.delay(users[user].rule, now: now)
                return nil
            } else {
                lines.endTurns(turn.place)
                users[user][keyPath: ring].removeCurrent()
            }
        }
        if users[user].isIdle { forget(user) }
        return nil
    }

    /// The request at the head of the line whose turn it is in the clean lane.
    mutating func cleanHead(now: Moment) -> RequestKey? {
        while let rule = lines.rules.next() {
            guard let request = cleanHead(of: rule) else { continue }
            if lines.rules.hasToken(rule, now: now) { return request }
            lines.rules.delay(rule, now: now)
        }
        return nil
    }

    /// The same of one rule, which has no turn any more if there is none.
    private mutating func cleanHead(of rule: Int) -> RequestKey? {
        while let user = clean[rule].current {
            while let turn = users[user.place].connections.current {
                if let request = lines.head(of: turn.place) { return request }
                lines.endTurns(turn.place)
                users[user.place].connections.removeCurrent()
            }
            clean[rule].removeCurrent()
            forget(user.place)
        }
        return nil
    }

    private mutating func forget(_ user: Int) {
        placesOfUsers[users[user].principal] = nil
        placesByNumber[users[user].number] = -1
        lines.rules.removeUser(of: users[user].rule, isClean: !users[user].isOffending)
        users[user] = User(principal: users[user].principal, rule: users[user].rule, number: users[user].number)
        vacantUsers.append(user)
        if placesOfUsers.isEmpty { lines.shrink() }
    }

    /// Whether so many take turns that what one of them looks at has left the processor's caches when its next turn comes.
    var isCrowded: Bool { lines.active > 30 }

    /// Whether only one connection takes turns.
    var isAlone: Bool { lines.active == 1 }

    /// Whether that one may take as many as it likes.
    var isAloneWithoutLimit: Bool { isAlone && lines.rules.isUnlimited }

    /// The request in the clean lane whose turn comes after so many others, or one that is near it: a guess, for what is to be fetched in
    /// advance.
    func upcoming(after turns: Int) -> RequestKey? {
        // Other rules' turns come in between: then some are fetched too early.
        guard let rule = lines.rules.current else { return nil }
        let (round, number) = turns.quotientAndRemainder(dividingBy: max(clean[rule].count, 1))
        return clean[rule].upcoming(after: number).flatMap { users[$0.place].connections.upcoming(after: round) }
            .flatMap { lines.first(of: $0.place) }
    }

    /// An account of the head's was taken: the turn passes on.
    mutating func taken(from source: Source, now: Moment) {
        guard let line = currentLine(of: source) else { return }
        lines.countRide(of: line)
        if source != .clean { lines.rules.count(lines.rule(of: line), now: now) }
        switch source {
        case .clean:
            let rule = lines.rule(of: line)
            lines.rules.tookTurn(now: now)
            guard !isAlone, let user = clean[rule].current else { return }
            users[user.place].connections.rotate()
            clean[rule].rotate()
        case .besideOffender(let principal):
            if let user = placesOfUsers[principal] { users[user].connections.rotate() }
        case .suspects(let principal):
            if let user = placesOfUsers[principal] { users[user].suspects.rotate() }
        }
    }

    /// The head has nothing more that waits.
    mutating func dropHead(of source: Source) {
        if let line = currentLine(of: source) { lines.dropHead(of: line) }
    }

    /// The user whose turn it is in the clean lane.
    private var cleanUser: Int? { lines.rules.current.flatMap { clean[$0].current?.place } }

    /// The line whose turn it is.
    private func currentLine(of source: Source) -> Int? {
        switch source {
        case .clean: cleanUser.flatMap { users[$0].connections.current?.place }
        case .besideOffender(let principal): placesOfUsers[principal].flatMap { users[$0].connections.current?.place }
        case .suspects(let principal): placesOfUsers[principal].flatMap { users[$0].suspects.current?.place }
        }
    }
}

/// Members that take turns.
struct RoundRobin<Member: Hashable & Sendable>: Sendable {
    private var ring: Deque<Member> = []

    /// Lets a member, which takes no turns yet, take its turn from now on, after all others.
    mutating func add(_ member: Member) { ring.append(member) }

    /// Whose turn it is; nil if there are no members.
    var current: Member? { ring.first }

    /// How many members there are.
    var count: Int { ring.count }

    var isEmpty: Bool { ring.isEmpty }

    /// Whose turn it is after so many others'.
    func upcoming(after turns: Int) -> Member? { ring.isEmpty ? nil : ring[turns % ring.count] }

    /// The current member has had its turn.
    mutating func rotate() {
        guard ring.count > 1, let member = ring.popFirst() else { return }
        ring.append(member)
    }

    /// The current member takes no more turns.
    @discardableResult
    mutating func removeCurrent() -> Member? { ring.popFirst() }

    mutating func remove(_ member: Member) { ring.removeAll { $0 == member } }

    /// Lets all members of another ring take their turns after those of this one.
    mutating func takeAll(of other: inout RoundRobin<Member>) {
        ring.append(contentsOf: other.ring)
        other.ring = []
    }
}

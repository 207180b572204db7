import Accounting
import AttributeValues
import DequeModule

/// The lines of all connections: the requests of each in their order, what they are charged to, and whether its client reads.
///
/// A line is found by its place, which stays the same while a request of the connection is open. Lines of connections that ask for nothing
/// are kept for a while: most come back soon. A connection to which another rule applies since a reload gets another line; requests that
/// are open stay in theirs.
struct CallerLines: Sendable {
    /// The requests of a connection. Most have one at a time, which takes no memory of its own.
    private struct Line {
        let principal: Principal
        /// The place of its rule.
        let rule: Int
        /// An earlier line of the same connection, under another rule.
        var earlier: Int?
        private(set) var first: RequestKey?
        private var others: Deque<RequestKey> = []
        /// What its requests are charged to.
        let share: Pot.Place
        /// Requests that have not ended, those in calls included.
        var open = 0
        var isPaused = false
        /// Requests that have ended since the line was last cleared of such, at most so many of which are in it.
        var ended = 0
        var takesTurns = false
        /// Accounts of the connection that have been in calls.
        var rides = 0

        init(_ principal: Principal, rule: Int, share: Pot.Place) {
            self.principal = principal
            self.rule = rule
            self.share = share
        }

        var count: Int { first == nil ? 0 : others.count + 1 }

        mutating func append(_ request: RequestKey) {
            if first == nil { first = request } else { others.append(request) }
        }

        mutating func removeFirst() { first = others.popFirst() }

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

    private var lines: [Line] = []
    private var vacant: [Int] = []
    /// The latest line of each connection.
    private var places: [UInt64: Int] = [:]
    private var shares: WaitingShares
    /// What each rule uses.
    var rules = RuleTable()
    /// Lines with requests that have not ended.
    private var openLines = 0
    private var paused = 0
    /// Lines that take turns.
    private(set) var active = 0

    /// Lines that are kept however few are in use.
    private static let keptCapacity = 1024

    /// - Parameters:
    ///   - all: (request, account) pairs of all open requests, at most.
    ///   - perPrincipal: Those of one principal, at most.
    init(all: Int = .max / 2, perPrincipal: Int = .max / 2) {
        shares = WaitingShares(all: all, perPrincipal: perPrincipal)
    }

    /// Takes other bounds, as when it was made.
    mutating func change(all: Int, perPrincipal: Int) { shares.change(all: all, perPrincipal: perPrincipal) }

    // MARK: Connections

    /// Connections that have a line, with those that had one lately.
    var remembered: Int { places.count }

    /// Users that have a connection with a line.
    var rememberedUsers: Int { shares.principals }

    /// Whether a caller has a line.
    func knows(_ caller: CallerKey) -> Bool { place(of: caller) != nil }

    /// The place of a caller's line; nil if it has none.
    func place(of caller: CallerKey) -> Int? {
        var place = places[caller.connection]
        while let line = place, lines[line].principal != caller.principal { place = lines[line].earlier }
        return place
    }

    /// The places of all lines of a connection.
    private func places(of connection: UInt64) -> [Int] {
        Array(
            sequence(state: places[connection]) { place in
                defer { place = place.flatMap { lines[$0].earlier } }
                return place
            })
    }

    /// The place of a caller's line, which is made if there is none.
    mutating func line(of caller: CallerKey) -> Int { place(of: caller) ?? add(caller) }

    /// The number of a line's user, small and the same for all lines of the user while one of them takes turns.
    func userNumber(of line: Int) -> Int { lines[line].share.principal }

    /// The place of a line's rule.
    func rule(of line: Int) -> Int { lines[line].rule }

    private mutating func add(_ caller: CallerKey) -> Int {
        if places.count > 2 * max(active, openLines) + Self.keptCapacity { dropIdle() }
        let place = vacant.popLast() ?? lines.count
        var line = Line(
            caller.principal, rule: rules.addLine(of: caller.principal.rule),
            share: shares.makePlace(for: caller.principal, name: UInt64(place)))
        line.earlier = places[caller.connection]
        if place == lines.count { lines.append(line) } else { lines[place] = line }
        places[caller.connection] = place
        return place
    }

    private mutating func dropIdle() {
        for connection in places.keys {
            let (idle, kept) = places(of: connection).partitioned { !lines[$0].takesTurns && lines[$0].open == 0 }
            if idle.isEmpty { continue }
            for place in idle {
                drop(place)
                vacant.append(place)
            }
            for (place, earlier) in zip(kept, kept.dropFirst().map { $0 } + [nil]) { lines[place].earlier = earlier }
            places[connection] = kept.first
        }
    }

    private mutating func drop(_ place: Int) {
        shares.giveUp(lines[place].share)
        rules.removeLine(of: lines[place].rule)
        lines[place].removeEnded { _ in false }
    }

    /// Takes other rules. What is open stays under the rule that applied to it.
    mutating func change(_ rules: RuleShares, accountsPerCall: Int, now: Moment) {
        dropIdle()
        self.rules.change(rules, accountsPerCall: accountsPerCall, now: now)
    }

    /// No line takes turns: returns to the system what many once needed.
    mutating func shrink() {
        guard openLines == 0, lines.count > 2 * Self.keptCapacity else { return }
        for connection in places.keys { places(of: connection).forEach { drop($0) } }
        (lines, vacant, places) = ([], [], [:])
    }

    // MARK: Requests come and go

    /// Takes in a request of a line.
    /// - Parameter count: Its accounts.
    /// - Returns: The limit that forbids it; nil if it is open now.
    mutating func open(_ count: Int, in line: Int) -> QueueLimit? {
        if let limit = rules.limit(on: count, of: lines[line].rule) { return limit }
        if let limit = shares.charge(count, to: lines[line].share) { return limit }
        rules.open(count, of: lines[line].rule)
        if lines[line].open == 0 { openLines += 1 }
        lines[line].open += 1
        return nil
    }

    /// An open request waits for its turns.
    mutating func append(_ request: RequestKey, to line: Int) { lines[line].append(request) }

    /// An open request has ended; it is skipped when it is found.
    /// - Parameter count: Its accounts.
    mutating func close(_ count: Int, in line: Int, isOpen: (RequestKey) -> Bool) {
        shares.release(count, from: lines[line].share)
        rules.close(count, of: lines[line].rule)
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

    /// Whether ``takeDisplaced(isOpen:)`` may take out something.
    var isOverdrawn: Bool { shares.isOverdrawn }

    /// Takes out a request that is to end because there was no room for another principal's first one; nil if there was.
    mutating func takeDisplaced(isOpen: (RequestKey) -> Bool) -> RequestKey? {
        guard let line = shares.overdrawing else { return nil }
        return lines[Int(line)].removeNewest(isOpen: isOpen)
    }

    // MARK: Turns

    /// The request whose turn it is in a line; nil if none waits or its client does not read.
    func head(of line: Int) -> RequestKey? { lines[line].isPaused ? nil : lines[line].first }

    /// The first request of a line, paused or not.
    func first(of line: Int) -> RequestKey? { lines[line].first }

    /// Lets a line take turns from now on.
    /// - Returns: False if it does already, or is paused.
    mutating func startTurns(_ line: Int) -> Bool {
        if lines[line].takesTurns || lines[line].isPaused { return false }
        lines[line].takesTurns = true
        active += 1
        return true
    }

    /// A line has no request that waits.
    mutating func endTurns(_ line: Int) {
        lines[line].takesTurns = false
        active -= 1
    }

    /// The head of a line has nothing more that waits.
    mutating func dropHead(of line: Int) { lines[line].removeFirst() }

    /// An account of a line's has entered a call.
    mutating func countRide(of line: Int) { lines[line].rides += 1 }

    /// Accounts of a connection that have been in calls.
    func rides(of caller: CallerKey) -> Int { place(of: caller).map { lines[$0].rides } ?? 0 }

    // MARK: Clients that do not read

    /// Whether any line is paused.
    var hasPaused: Bool { paused > 0 }

    /// Whether the client of a line does not read: its accounts enter no call.
    func isPaused(_ line: Int) -> Bool { lines[line].isPaused }

    /// The client of a connection does not read: its requests take no turns.
    mutating func pause(_ caller: CallerKey) {
        for line in places(of: caller.connection) where lines[line].open > 0 { setPaused(true, line) }
    }

    /// The client of a connection reads again.
    /// - Returns: Its lines with requests that wait for turns, each with its caller.
    mutating func resume(_ caller: CallerKey) -> [(line: Int, caller: CallerKey)] {
        let all = places(of: caller.connection)
        for line in all { setPaused(false, line) }
        return all.filter { lines[$0].first != nil }.map {
            ($0, CallerKey(principal: lines[$0].principal, connection: caller.connection))
        }
    }

    private mutating func setPaused(_ isPaused: Bool, _ line: Int) {
        if lines[line].isPaused == isPaused { return }
        lines[line].isPaused = isPaused
        paused += isPaused ? 1 : -1
    }
}

extension Sequence {
    /// The elements that satisfy a predicate, and the others, each in their order.
    fileprivate func partitioned(by belongs: (Element) -> Bool) -> (belonging: [Element], others: [Element]) {
        reduce(into: ([], [])) { parts, element in
            if belongs(element) { parts.0.append(element) } else { parts.1.append(element) }
        }
    }
}

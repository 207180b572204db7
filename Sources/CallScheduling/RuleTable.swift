import Accounting
import AttributeValues
import HeapModule

/// What each rule of the configuration uses: whose turn it is among them, how fast each goes, and how much waits for each.
///
/// Turns follow start-time fair queueing (Goyal, Vin and Cheng, 1996). Each account that a rule sends into a call moves the rule's tag on
/// by one divided by its weight. The next account is the one of the rule with the earliest tag. A rule that had nothing waiting goes on at
/// the tag of the account that was taken last, so that it neither catches up on nor pays for the time in which it did not ask. A choice
/// takes a logarithm of the number of rules that wait, and nothing where one rule alone does.
///
/// Users that have offended have left the clean lane, and take their part of the rule's with them: in the clean lane, the rule has the
/// part of those of its users that are left there.
///
/// Where there are no rules, all callers are under one that has no limits.
struct RuleTable: Sendable {
    private struct Rule {
        let index: RuleIndex
        var share: RuleShare
        /// Whether the configuration has it (still).
        var isListed: Bool
        var bucket: AccountBucket?
        /// Lines of callers.
        var lines = 0
        /// (request, account) pairs of open requests.
        var open = 0
        /// Users that take turns.
        var users = 0
        /// Those of them in the clean lane.
        var cleanUsers = 0
        /// The virtual time at which its next account starts.
        var tag: UInt64 = 0
        var isQueued = false
        /// Whether its accounts wait for tokens.
        var isDelayed = false
        /// Accounts that it has sent into calls.
        var served = 0
        var servedBeforeWindow = 0
        var servedInLastWindow = 0

        var isReady: Bool { cleanUsers > 0 && !isDelayed }

        /// The virtual time that an account takes in the clean lane.
        var spacing: UInt64 {
            RuleTable.accountOfWeightOne * UInt64(max(1, users)) / UInt64(share.weight * max(1, cleanUsers))
        }
    }

    /// A rule that waits for its turn in the clean lane.
    private struct Entry: Comparable {
        let tag: UInt64
        let place: Int

        static func < (left: Entry, right: Entry) -> Bool { (left.tag, left.place) < (right.tag, right.place) }
    }

    /// A rule that waits for tokens.
    private struct Delay: Comparable {
        let end: Moment
        let place: Int

        static func < (left: Delay, right: Delay) -> Bool { (left.end, left.place) < (right.end, right.place) }
    }

    /// The virtual time of an account of a rule of weight 1: fine enough for all weights, and enough for tens of years.
    fileprivate static let accountOfWeightOne: UInt64 = 1 << 20

    /// The place of what no rule applies to.
    private static let none = 0

    private var rules = [Rule(index: .none, share: RuleShare(name: ""), isListed: false)]
    private var vacant: [Int] = []
    private var places: [RuleIndex: Int] = [:]
    private var shares = RuleShares.none
    private var accountsPerCall = 100

    /// The rule whose turn it is; nil if it has to be found, or none has anything in the clean lane that may leave.
    private(set) var current: Int?
    /// The rule that took the last turn.
    private var last = Self.none
    /// The others that have something in the clean lane. Some may have nothing any more.
    private var queued = Heap<Entry>()
    /// The tag of the account that was taken last while several rules waited.
    private var virtualTime: UInt64 = 0
    private var delays = Heap<Delay>()
    /// Users in the clean lane whose rules do not wait for tokens.
    private(set) var readyUsers = 0

    /// The start of the second in which served accounts are counted.
    private var windowStart = Moment.distantPast

    // MARK: What there is

    /// Takes other rules. A rule that vanishes goes on under what it was until its requests have ended.
    mutating func change(_ shares: RuleShares, accountsPerCall: Int, now: Moment) {
        self.shares = shares
        self.accountsPerCall = accountsPerCall
        for place in rules.indices.dropFirst() where rules[place].isListed || rules[place].lines > 0 {
            rules[place].isListed = shares[rules[place].index] != nil
            dropUnlessWanted(place)
        }
        for index in shares.indexes {
            guard let share = shares[index] else { continue }
            let place = place(of: index)
            rules[place].isListed = true
            rules[place].share = share
            rules[place].bucket = share.accountsPerSecond.map { rate in
                rules[place].bucket?.changed(rate: rate, accountsPerCall: accountsPerCall, now: now)
                    ?? AccountBucket(rate: rate, accountsPerCall: accountsPerCall, now: now)
            }
        }
        // What has to wait all the same is found to at its next turn.
        release(at: .distantFuture)
    }

    /// Where a rule is kept; one that the configuration does not have gets a place without limits.
    private mutating func place(of index: RuleIndex) -> Int {
        if index == .none { return Self.none }
        if let place = places[index] { return place }
        let rule = Rule(index: index, share: RuleShare(name: ""), isListed: false)
        let place = vacant.popLast() ?? rules.count
        if place == rules.count { rules.append(rule) } else { rules[place] = rule }
        places[index] = place
        return place
    }

    private mutating func dropUnlessWanted(_ place: Int) {
        // One that is queued has no users any more, and is dropped when it is found.
        guard place != Self.none, rules[place].lines == 0, !rules[place].isListed, !rules[place].isQueued,
            !rules[place].isDelayed, places.removeValue(forKey: rules[place].index) != nil
        else { return }
        vacant.append(place)
    }

    // MARK: What waits

    /// One more line of a rule's callers.
    /// - Returns: The rule's place, which stays the same while it has a line.
    mutating func addLine(of index: RuleIndex) -> Int {
        let place = place(of: index)
        rules[place].lines += 1
        return place
    }

    /// A line is given up that has no open request.
    mutating func removeLine(of place: Int) {
        rules[place].lines -= 1
        dropUnlessWanted(place)
    }

    /// The limit of its rule that a request with so many accounts would exceed; nil if there is none.
    func limit(on count: Int, of place: Int) -> QueueLimit? {
        guard let most = rules[place].share.maxQueuedAccounts, rules[place].open + count > most else { return nil }
        return .perRule(most)
    }

    /// A request with so many accounts is open.
    mutating func open(_ count: Int, of place: Int) { rules[place].open += count }

    /// A request with so many accounts has ended.
    mutating func close(_ count: Int, of place: Int) { rules[place].open -= count }

    /// When as many accounts of a rule could have entered calls, if they were next.
    func earliest(of count: Int, in place: Int, now: Moment) -> Moment {
        rules[place].bucket?.earliest(of: count, now: now) ?? now
    }

    // MARK: Users

    /// A user takes turns from now on.
    mutating func addUser(of place: Int, isClean: Bool) {
        rules[place].users += 1
        if isClean { addCleanUser(of: place) }
    }

    /// A user has nothing more that waits.
    mutating func removeUser(of place: Int, isClean: Bool) {
        if isClean { removeCleanUser(of: place) }
        rules[place].users -= 1
    }

    /// A user that takes turns comes into the clean lane.
    mutating func addCleanUser(of place: Int) {
        rules[place].cleanUsers += 1
        if rules[place].isDelayed { return }
        readyUsers += 1
        takeTurns(place)
    }

    /// A user that takes turns leaves the clean lane.
    mutating func removeCleanUser(of place: Int) {
        rules[place].cleanUsers -= 1
        if !rules[place].isDelayed { readyUsers -= 1 }
        if current == place, rules[place].cleanUsers == 0 { current = nil }
    }

    // MARK: Turns in the clean lane

    private mutating func takeTurns(_ place: Int) {
        if place == current || rules[place].isQueued { return }
        rules[place].tag = max(rules[place].tag, virtualTime)
        guard let current else {
            if queued.isEmpty { self.current = place } else { queue(place) }
            return
        }
        if entry(place) < entry(current) {
            queue(current)
            self.current = place
        } else {
            queue(place)
        }
    }

    private func entry(_ place: Int) -> Entry { Entry(tag: rules[place].tag, place: place) }

    private mutating func queue(_ place: Int) {
        rules[place].isQueued = true
        queued.insert(entry(place))
    }

    /// The rule whose turn it is in the clean lane; nil if none has anything there that may leave.
    @discardableResult
    mutating func next() -> Int? {
        while current == nil, let place = queued.popMin()?.place { begin(place) }
        return current
    }

    private mutating func begin(_ place: Int) {
        rules[place].isQueued = false
        current = rules[place].isReady ? place : nil
        if current == nil { dropUnlessWanted(place) }
    }

    /// The rule whose turn it is has sent an account into a call.
    mutating func tookTurn(now: Moment) {
        guard let place = current else { return }
        count(place, now: now)
        last = place
        guard !queued.isEmpty else { return }
        virtualTime = rules[place].tag
        rules[place].tag += rules[place].spacing
        guard let first = queued.min, first < entry(place) else { return }
        rules[place].isQueued = true
        begin(queued.replaceMin(with: entry(place)).place)
        next()
    }

    /// A rule has sent an account into a call, in whichever lane.
    mutating func count(_ place: Int, now: Moment) {
        rules[place].served += 1
        rules[place].bucket?.take(now: now)
    }

    // MARK: Parts of the calls

    /// The weight of the clean lane beside users that have calls of their own; that of one user where there are no rules.
    var cleanWeight: Double {
        if places.isEmpty { return Double(max(1, readyUsers)) }
        let weight = rules.reduce(0.0) { sum, rule in
            rule.isReady ? sum + Double(rule.share.weight * rule.cleanUsers) / Double(rule.users) : sum
        }
        // Whose call it was has nothing more that waits.
        return weight > 0 ? weight : Double(rules[last].share.weight)
    }

    /// The weight of a user that has calls of its own.
    func weight(ofUserIn index: RuleIndex) -> Double {
        guard !places.isEmpty, let rule = places[index].map({ rules[$0] }) else { return 1 }
        return Double(rule.share.weight) / Double(max(1, rule.users))
    }

    // MARK: Delays

    /// Whether an account of a rule may enter a call now.
    func hasToken(_ place: Int, now: Moment) -> Bool { rules[place].bucket?.hasToken(at: now) ?? true }

    /// Whether the rule whose turn it is takes tokens for its accounts at all.
    var isUnlimited: Bool { current.map { rules[$0].bucket == nil } ?? true }

    /// Whether a rule's accounts wait for tokens.
    func isDelayed(_ place: Int) -> Bool { rules[place].isDelayed }

    /// A rule has something that waits, and no token.
    mutating func delay(_ place: Int, now: Moment) {
        guard !rules[place].isDelayed, let bucket = rules[place].bucket else { return }
        rules[place].isDelayed = true
        readyUsers -= rules[place].cleanUsers
        if current == place { current = nil }
        delays.insert(Delay(end: bucket.refill(accountsPerCall: accountsPerCall, now: now), place: place))
    }

    /// When the next rule has tokens again that waits for them; nil if none does.
    var nextRelease: Moment? { delays.min?.end }

    /// Lets rules go on that have tokens again.
    /// - Returns: Whether there are any.
    @discardableResult
    mutating func release(at now: Moment) -> Bool {
        var isAny = false
        while let next = delays.min, next.end <= now {
            delays.removeMin()
            rules[next.place].isDelayed = false
            readyUsers += rules[next.place].cleanUsers
            if rules[next.place].isReady { takeTurns(next.place) }
            dropUnlessWanted(next.place)
            isAny = true
        }
        return isAny
    }

    // MARK: For tests

    /// Rules that have a place.
    var known: Int { places.count }

    /// (request, account) pairs of all rules.
    var openAccounts: Int { rules.reduce(0) { $0 + $1.open } }

    /// What is wrong with what it keeps.
    var violations: [String] {
        var problems: [String] = []
        if rules.reduce(0, { $0 + ($1.isDelayed ? 0 : $1.cleanUsers) }) != readyUsers {
            problems.append("ready users count otherwise")
        }
        for (place, rule) in rules.enumerated() {
            if rule.isReady, !rule.isQueued, place != current { problems.append("\(rule.index) has no turn") }
            if rule.cleanUsers > rule.users { problems.append("\(rule.index) has more users in the clean lane") }
        }
        if rules.count(where: \.isQueued) != queued.count { problems.append("rules are queued otherwise") }
        if rules.count(where: \.isDelayed) != delays.count { problems.append("rules are delayed otherwise") }
        return problems
    }

    // MARK: Use

    private static let window: Duration = .seconds(1)

    /// A call is filled. To be called with each, so that ``use(at:)`` knows what was served lately.
    mutating func advanceWindow(to now: Moment) {
        guard !places.isEmpty, windowStart == .distantPast || now - windowStart >= Self.window else { return }
        let isNext = windowStart != .distantPast && now - windowStart < Self.window + Self.window
        for place in rules.indices {
            rules[place].servedInLastWindow = isNext ? rules[place].served - rules[place].servedBeforeWindow : 0
            rules[place].servedBeforeWindow = rules[place].served
        }
        windowStart = isNext ? windowStart + Self.window : now
    }

    /// What each rule uses that the configuration has, in its order.
    func use(at now: Moment) -> [RuleUse] { shares.indexes.compactMap { use(of: $0, at: now) } }

    /// What a rule uses; nil if there is no such rule.
    func use(of index: RuleIndex, at now: Moment) -> RuleUse? {
        guard let rule = places[index].map({ rules[$0] }) else { return nil }
        return RuleUse(
            index: index, share: rule.share, openAccounts: rule.open, servedAccounts: rule.served,
            accountsInLastSecond: servedInLastSecond(rule, now), isDelayed: rule.isDelayed)
    }

    /// Of the second before the last whole one, as much as is less than a second ago if it was served evenly.
    private func servedInLastSecond(_ rule: Rule, _ now: Moment) -> Int {
        if windowStart == .distantPast { return 0 }
        let age = Double((now - windowStart).nanoseconds) / 1e9
        let inWindow = rule.served - rule.servedBeforeWindow
        if age >= 2 { return 0 }
        if age >= 1 { return Int((2 - age) * Double(inWindow)) }
        return inWindow + Int((1 - age) * Double(rule.servedInLastWindow))
    }
}

/// What a rule of the configuration uses.
public struct RuleUse: Hashable, Sendable {
    /// The rule.
    public let index: RuleIndex
    /// What it may use.
    public let share: RuleShare
    /// (request, account) pairs of its open requests.
    public let openAccounts: Int
    /// Accounts that its requests have sent into calls since the rule came. Those that another rule's request had fetched anyway do not
    /// count, and neither do those that come from memory, or repetitions after a failure.
    public let servedAccounts: Int
    /// Those of the last second, about.
    public let accountsInLastSecond: Int
    /// Whether its accounts wait because of ``RuleShare/accountsPerSecond``.
    public let isDelayed: Bool
}

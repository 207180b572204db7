import AttributeValues
import DequeModule
import HeapModule

/// What has failed and is asked for again: the failures of each such account, when it may leave again, and calls that are made once more
/// as they were.
struct Retries: Sendable {
    /// The failures of an account so far.
    private struct History {
        /// The last one, with the number of all.
        var failure: CallFailure
        /// When it failed for the first time.
        let since: Moment
        /// When it may leave again.
        var notBefore: Moment
        /// When it was put back because the UserSig had expired.
        var renewedAt: Moment?
        /// Whether the failure is the account's answer if time runs out; not if another account of the call may have caused it.
        var isOwn = false
        /// Whether an answer left it out beside entries that belong to no account of the call.
        var wasLeftOut = false
    }

    /// Accounts that wait for their retry.
    private struct Group: Comparable {
        let due: Moment
        let accounts: [AccountID]
        let isAlone: Bool
        static func < (left: Group, right: Group) -> Bool { left.due < right.due }
        static func == (left: Group, right: Group) -> Bool { left.due == right.due }
    }

    /// What an attempt was put back for, beside its failure.
    enum Cause {
        case failure
        /// The UserSig had expired.
        case renewal
        /// An answer left the account out.
        case leftOut
    }

    private var histories: [AccountID: History] = [:]
    private var groups = Heap<Group>()
    private var repeats: Deque<CallScheduler.Load> = []
    private var numbers: SeededNumbers

    /// - Parameter seed: Where the random waits start.
    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    // MARK: Failures of accounts

    /// Whether no account has failed that is asked for again.
    var isEmpty: Bool { histories.isEmpty }

    /// Calls that an account has been in and that failed.
    func failures(of id: AccountID) -> Int { histories[id]?.failure.attempts ?? 0 }

    /// When an account failed for the first time; nil if it has not.
    func firstFailure(of id: AccountID) -> Moment? { histories[id]?.since }

    /// What an account's request fails with if time runs out; nil if the last failure may have been another account's.
    func ownFailure(of id: AccountID) -> CallFailure? {
        guard !histories.isEmpty, let history = histories[id], history.isOwn else { return nil }
        return history.failure
    }

    /// Whether an answer has left an account out.
    func wasLeftOut(_ id: AccountID) -> Bool { histories[id]?.wasLeftOut == true }

    /// Whether an account was put back before a moment, with a new UserSig.
    func wasRenewed(_ id: AccountID, by moment: Moment) -> Bool {
        histories[id]?.renewedAt.map { $0 <= moment } ?? false
    }

    /// Whether any of these accounts was lost or timed out.
    func needNewConnection(_ rides: [Ride]) -> Bool {
        !histories.isEmpty && rides.contains { histories[$0.id]?.failure.needsNewConnection == true }
    }

    /// Notes a failure of an account that is asked for again.
    /// - Parameter isOwn: Whether it was alone in its call.
    mutating func note(
        _ failure: CallFailure, of id: AccountID, notBefore: Moment, isOwn: Bool, _ cause: Cause = .failure, now: Moment
    ) {
        var history = histories[id] ?? History(failure: failure, since: now, notBefore: notBefore)
        let attempts = failures(of: id) + 1
        history.failure = failure
        history.failure.attempts = attempts
        history.notBefore = notBefore
        history.isOwn = isOwn || failure.cause == .daemon || failure.cause == .neverSent
        switch cause {
        case .failure: break
        case .renewal: history.renewedAt = now
        case .leftOut: history.wasLeftOut = true
        }
        histories[id] = history
    }

    /// An account has been forgotten in between, and is known by another name.
    mutating func rename(_ old: AccountID, to new: AccountID) {
        if new != old { histories[new] = histories.removeValue(forKey: old) }
    }

    /// An account was answered, or is not asked for any more.
    mutating func forget(_ id: AccountID) {
        if !histories.isEmpty { histories[id] = nil }
    }

    // MARK: Waits

    /// When accounts that have failed so often may leave again.
    mutating func due(afterFailures count: Int, now: Moment) -> Moment {
        now + Backoff.delay(attempts: count, using: &numbers)
    }

    /// Accounts wait for their retry.
    /// - Parameter isAlone: Whether each of them is to leave alone.
    mutating func wait(_ accounts: [AccountID], until due: Moment, isAlone: Bool) {
        if !accounts.isEmpty { groups.insert(Group(due: due, accounts: accounts, isAlone: isAlone)) }
    }

    /// When the next wait is over.
    var nextDue: Moment? { groups.min?.due }

    /// The next accounts whose wait is over, but for those that have failed again since.
    mutating func takeDue(at now: Moment) -> (accounts: [AccountID], isAlone: Bool)? {
        guard let group = groups.min, group.due <= now else { return nil }
        groups.removeMin()
        return (group.accounts.filter { (histories[$0]?.notBefore ?? now) <= now }, group.isAlone)
    }

    // MARK: Repeats

    /// Whether calls wait that are made once more.
    var hasRepeats: Bool { !repeats.isEmpty }

    /// A call is to be made once more, at once.
    mutating func makeAgain(_ load: CallScheduler.Load) { repeats.append(load) }

    /// The next call that is made once more.
    mutating func takeRepeat() -> CallScheduler.Load? { repeats.popFirst() }

    // MARK: For tests

    /// Accounts that have failed.
    var failed: some Collection<AccountID> { histories.keys }

    /// Accounts that wait for their retry; some have been answered since.
    var waiting: [AccountID] { groups.unordered.flatMap(\.accounts) }
}

/// How long to wait before a call is tried again: exponential, with full jitter.
enum Backoff {
    /// The longest wait before the first retry.
    static let base: Duration = .milliseconds(100)
    /// The longest wait of all.
    static let cap: Duration = .seconds(5)
    /// Attempts after which no more is made.
    static let maximumAttempts = 6

    /// - Parameter attempts: How many have failed, at least 1.
    static func delay(attempts: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let longest = min(cap, base * (1 << min(attempts - 1, 10)))
        return .nanoseconds(Int64.random(in: 0...longest.nanoseconds, using: &generator))
    }
}

/// Numbers that are the same for the same seed (SplitMix64), so that a run of the scheduler can be repeated.
struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

import Accounting
import AttributeValues
import DequeModule

/// Accounts that were found at fault lately. Each is asked for alone for a minute, and one that made the upstream fail in an ambiguous way
/// is not asked for at all for a second.
struct Quarantine: Sendable {
    /// How long an account is asked for alone.
    static let time: Duration = .seconds(60)
    /// How long an account is not asked for.
    static let rest: Duration = .seconds(1)
    /// Accounts that are remembered; with more, the oldest of the user with the most is forgotten.
    static let capacity = 1024

    private struct Entry {
        let since: Moment
        let principal: Principal
        /// What to answer instead of a call.
        let failure: CallFailure?
    }

    private var entries: [Account: Entry] = [:]
    /// By user, the oldest first; some have left.
    private var order: [Principal: Deque<Account>] = [:]

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    /// Whether an account is to be asked for alone.
    func contains(_ account: Account, now: Moment) -> Bool {
        guard let entry = entries[account] else { return false }
        return now - entry.since < Self.time
    }

    /// The failure of an account that is not to be asked for yet, with the time until it may be; nil if it may be asked for.
    func restingFailure(of account: Account, now: Moment) -> CallFailure? {
        guard let entry = entries[account], var failure = entry.failure else { return nil }
        let left = entry.since + Self.rest - now
        guard left > .zero else { return nil }
        failure.retryAfter = left
        failure.attempts = 0
        return failure
    }

    /// An account was found at fault.
    /// - Parameter failure: What to answer for the time in which it is not asked for; nil if it may be asked for at once.
    mutating func insert(_ account: Account, principal: Principal, resting failure: CallFailure?, now: Moment) {
        remove(account)
        removeOld(now)
        if entries.count >= Self.capacity { removeOneOfMost() }
        entries[account] = Entry(since: now, principal: principal, failure: failure)
        order[principal, default: []].append(account)
    }

    /// An account was answered alone.
    mutating func remove(_ account: Account) {
        guard let entry = entries.removeValue(forKey: account) else { return }
        guard let place = order[entry.principal]?.firstIndex(of: account) else { return }
        order[entry.principal]?.remove(at: place)
        if order[entry.principal]?.isEmpty == true { order[entry.principal] = nil }
    }

    private mutating func removeOld(_ now: Moment) {
        for principal in order.keys.sorted() {
            while let account = order[principal]?.first, !contains(account, now: now) { remove(account) }
        }
    }

    private mutating func removeOneOfMost() {
        let most = order.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
        if let account = most?.value.first { remove(account) }
    }
}

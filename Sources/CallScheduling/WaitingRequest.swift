import Accounting
import AttributeValues

/// Names one request of one caller while the scheduler has it.
public struct RequestKey: Hashable, Sendable {
    /// Counts from 1.
    let number: UInt64
    /// In four bytes, because each account keeps the requests that wait for it, and there may be a million accounts.
    private let compactPlace: UInt32

    init(number: UInt64, place: Int) {
        self.number = number
        compactPlace = UInt32(place)
    }

    /// Where it is kept: a small number that no other open request has, from 0.
    public var place: Int { Int(compactPlace) }

    /// Its number is enough.
    public func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// How a request ended. Every request ends exactly once, unless it is withdrawn.
public enum RequestOutcome: Sendable {
    /// One answer for each of the request's accounts, in their order.
    case answered(AccountResults)
    /// Some of its accounts failed.
    indirect case failed(PartialFailure)
    /// Some of its accounts failed, at least one was answered, and the request accepts that.
    indirect case partly(PartialResult)
    /// Time ran out, or is certain to: no call can leave before `retryAfter`.
    case deadlineExceeded(fetched: Int, retryAfter: Duration?)
    /// A limit on waiting accounts is met.
    case overloaded(QueueLimit, retryAfter: Duration)
    /// The daemon stops.
    case shuttingDown(fetched: Int)
}

/// The failure of a request, of which other accounts may have been fetched.
public struct PartialFailure: Sendable {
    /// The failure of the first failed account in the order of the request.
    public let first: CallFailure
    /// Accounts that were fetched.
    public let fetched: Int
    /// The first failed accounts in order, each with its failure.
    public let failed: [(account: Account, failure: CallFailure)]

    /// Failed accounts that are listed.
    public static let maximumListed = 100
}

/// Which limit on waiting accounts was met.
public enum QueueLimit: Hashable, Sendable {
    /// Of all callers together.
    case all(Int)
    /// Of one principal's callers.
    case perPrincipal(Int)
    /// Of the callers under one rule of the configuration.
    case perRule(Int)
}

/// A request that has not ended: what it waits for and what has come.
struct WaitingRequest: Sendable {
    /// What has come for an account.
    private enum Answer {
        case none
        case failed
        case missing
        /// Its attributes, where they are in `texts`.
        case attrs(start: Int, count: UInt32)
    }

    /// One of its accounts.
    private struct Item {
        /// None if it was answered from memory.
        var id = AccountID.none
        var answer = Answer.none
    }

    /// Bytes that are set aside for attributes of which most may never come.
    private static let largestReserve = 65536

    // Fields that are touched for each account of a call are together: each cache line of a waiting request costs a miss.
    /// By index of the account.
    private var items: [Item]
    /// The attributes that have come, one after the other: copied, because what is left of a call's answer would else stay for as long
    /// as any of the requests that it has served.
    private var texts: [UInt8] = []
    /// Accounts for which no call has left yet.
    var waiting = 0
    /// Accounts without an answer or a failure.
    private(set) var open: Int
    /// Accounts before this one have been offered to a call.
    var cursor = 0
    let caller: CallerKey
    /// The place of its caller's line.
    let line: Int

    let accounts: [Account]
    let deadline: Moment
    /// When the caller asked.
    let since: Moment
    /// Whether it ends with what was answered when other accounts fail.
    let acceptsPartial: Bool
    private var errorListEntries: [Int: [UInt8]] = [:]
    /// By index of the account.
    private(set) var failures: [Int: CallFailure] = [:]

    init(
        accounts: [Account], caller: CallerKey, line: Int, deadline: Moment, since: Moment, acceptsPartial: Bool = false
    ) {
        self.accounts = accounts
        self.caller = caller
        self.line = line
        self.deadline = deadline
        self.since = since
        self.acceptsPartial = acceptsPartial
        // Array(repeating:count:) looks its type up at each call.
        items = accounts.indices.map { _ in Item() }
        open = accounts.count
    }

    /// Changes it where it is kept: of a hundred requests that a call serves, none is near, and to move one costs more than to change it.
    @inline(__always)
    mutating func changed<Result>(by change: (inout WaitingRequest) -> Result) -> Result { change(&self) }

    /// The name of an account that it waits for.
    subscript(id index: Int) -> AccountID? {
        get { items[index].id == .none ? nil : items[index].id }
        set { items[index].id = newValue ?? .none }
    }

    /// The next account, which is none if it was answered from memory, and whether it is the last; nil when all have been offered.
    mutating func offerNext() -> (id: AccountID?, isLast: Bool)? {
        guard cursor < items.count else { return nil }
        cursor += 1
        return (self[id: cursor - 1], cursor == items.count)
    }

    /// The account that will be offered next, if it waits.
    var upcoming: AccountID? { cursor < items.count ? self[id: cursor] : nil }

    /// Begins to fetch what ``upcoming`` and ``offerNext()`` look at.
    func prefetchUpcoming() {
        items.prefetchHeader()
        items.prefetch(cursor)
    }

    /// Begins to fetch what an account's answer will change.
    func prefetch(_ index: Int) {
        items.prefetchHeader()
        items.prefetch(index)
        texts.prefetchHeader()
    }

    var isComplete: Bool { open == 0 }

    var fetched: Int {
        items.count { item in
            switch item.answer {
            case .none, .failed: false
            case .missing, .attrs: true
            }
        }
    }

    /// - Parameters:
    ///   - place: Where in the results the answer is.
    ///   - index: The account's.
    /// - Returns: Whether nothing is missing any more.
    @discardableResult
    mutating func receive(_ results: AccountResults, at place: Int, for index: Int) -> Bool {
        guard isOpen(index) else { return isComplete }
        open -= 1
        if let entry = results.errorListEntry(at: place) { errorListEntries[index] = entry }
        items[index].answer = keep(results, at: place)
        return isComplete
    }

    private mutating func keep(_ results: AccountResults, at place: Int) -> Answer {
        if items.count == 1 {
            // It ends with this, so what else the texts have does not stay for it.
            guard let (all, range) = results.attrsInTexts(at: place) else { return .missing }
            texts = all
            return .attrs(start: range.lowerBound, count: UInt32(range.count))
        }
        guard let count = results.attrsCount(at: place) else { return .missing }
        // As if all others had as many, so that it does not grow step by step.
        if texts.isEmpty { texts.reserveCapacity(min(items.count * count, Self.largestReserve)) }
        let start = texts.count
        results.appendAttrs(at: place, to: &texts)
        return .attrs(start: start, count: UInt32(count))
    }

    /// Takes the answers to all accounts but some, in their order.
    /// - Parameter missed: The indices of those, ascending.
    mutating func receive(_ results: AccountResults, except missed: [Int]) {
        var missed = missed.makeIterator()
        var next = missed.next()
        var place = 0
        for index in items.indices {
            if index == next {
                next = missed.next()
            } else {
                receive(results, at: place, for: index)
                place += 1
            }
        }
    }

    /// - Returns: Whether nothing is missing any more.
    @discardableResult
    mutating func receive(_ failure: CallFailure, at index: Int) -> Bool {
        guard isOpen(index) else { return isComplete }
        open -= 1
        (items[index].answer, failures[index]) = (.failed, failure)
        return isComplete
    }

    var hasFailures: Bool { !failures.isEmpty }

    /// The outcome if all that is open fails.
    func failed(with failure: CallFailure) -> RequestOutcome {
        var copy = self
        for index in accounts.indices where isOpen(index) { copy.receive(failure, at: index) }
        return copy.outcome
    }

    func isOpen(_ index: Int) -> Bool {
        if case .none = items[index].answer { true } else { false }
    }

    /// How the request has ended: by the failure of its first failed account, if any has failed. If it accepts a
    /// partial result, what is still open has run out of time.
    var outcome: RequestOutcome {
        guard let firstIndex = failures.keys.min(), let first = failures[firstIndex] else {
            return .answered(results)
        }
        if let partial = partly(.deadlineExceeded) { return partial }
        let listed = failures.keys.sorted().prefix(PartialFailure.maximumListed).compactMap { index in
            failures[index].map { (account: accounts[index], failure: $0) }
        }
        return .failed(PartialFailure(first: first, fetched: fetched, failed: listed))
    }

    /// What has come for each account.
    var results: AccountResults {
        let attrs = items.map { item -> Range<Int>? in
            if case .attrs(let start, let count) = item.answer { start..<start + Int(count) } else { nil }
        }
        return AccountResults(texts: texts, attrs: attrs, errorListEntries: errorListEntries)
    }
}

import AttributeValues
import DequeModule

/// Identifies a test of a search for offenders.
struct TestKey: Hashable, Sendable {
    let search: Int
    let number: Int
}

/// Whose call leaves next.
///
/// Users without a recent offence share calls, the clean lane. Each user with one has calls of its own: tests of its accounts, calls of its
/// callers beside the offender, and calls of its suspects. The clean lane and these users take turns by virtual time, weighted by the number
/// of users: a call costs the same whatever it carries, so an offender's small calls take nothing from the others. Tests that hold an
/// account of a user without an offence take turns with all other calls.
struct Lanes: Sendable {
    /// What a call is for.
    enum Turn: Equatable, Sendable {
        /// A test of a search for offenders. `uid` pays for it, if all accounts in it are offending users'.
        case test(TestKey, uid: UInt32?, isSuspect: Bool)
        /// Accounts of all callers of users without a recent offence.
        case clean
        /// Accounts of a user's callers that are not suspect.
        case besideOffender(uid: UInt32)
        /// An account that was found at fault lately.
        case alone(uid: UInt32)
        /// Accounts of a user's suspect callers.
        case suspects(uid: UInt32)

        var isTest: Bool { if case .test = self { true } else { false } }
    }

    /// The calls of one user.
    private struct Separate {
        /// The virtual time at which its next call starts.
        var tag: Double
        /// Whether the user has offended lately. If not, only accounts that were found at fault have calls of their own.
        var isOffending = false
        var tests: Deque<TestKey> = []
        /// Tests of suspects only.
        var suspectTests: Deque<TestKey> = []
        /// Accounts that have been in a call and go first in the next one.
        var returned: AccountLane = []
        var alone: AccountLane = []
        /// The virtual time within the user, at which the next calls of its two lanes start.
        var besideTag = 0.0
        var suspectTag = 0.0
        var time = 0.0

        var isEmpty: Bool { tests.isEmpty && suspectTests.isEmpty && returned.isEmpty && alone.isEmpty }
    }

    var callers = CallerQueue()
    /// Accounts in the clean lane that have been in a call and go first in the next one.
    private var returned: AccountLane = []
    /// Tests that hold an account of a user without an offence.
    private var innocentTests: Deque<TestKey> = []
    private var lastWasInnocentTest = false
    private var separate: [UInt32: Separate] = [:]
    private var cleanTag = 0.0
    /// The start of the call that left last.
    private var virtualTime = 0.0

    /// No call is charged more than so many for a search.
    static let maximumCharge = 20

    // MARK: What comes in

    mutating func addTest(_ test: TestKey, holdsInnocent: Bool, isSuspect: Bool, uid: UInt32) {
        if holdsInnocent {
            innocentTests.append(test)
        } else if isSuspect {
            own(uid) { $0.suspectTests.append(test) }
        } else {
            own(uid) { $0.tests.append(test) }
        }
    }

    /// An account comes back from a call, and goes first in the next one.
    mutating func addReturned(_ account: AccountID, lane: Lane, uid: UInt32) {
        if lane == .clean { returned.append(account) } else { own(uid) { $0.returned.append(account) } }
    }

    /// An account leaves alone.
    mutating func addAlone(_ account: AccountID, uid: UInt32) { own(uid) { $0.alone.append(account) } }

    private mutating func own(_ uid: UInt32, _ change: (inout Separate) -> Void) {
        change(&separate[uid, default: Separate(tag: virtualTime)])
    }

    // MARK: Offenders

    /// A user has offended.
    /// - Parameter calls: What it cost.
    mutating func separate(_ uid: UInt32, charging calls: Int) {
        callers.separate(uid)
        let start = virtualTime
        own(uid) { own in
            own.isOffending = true
            own.tag = max(own.tag, start) + Double(min(calls, Self.maximumCharge))
        }
    }

    /// A user has not offended for a minute.
    mutating func unite(_ uid: UInt32) {
        callers.unite(uid)
        guard let own = separate[uid] else { return }
        returned.append(contentsOf: own.returned)
        separate[uid]?.returned = []
        separate[uid]?.isOffending = false
        forgetIfIdle(uid)
    }

    // MARK: Turns

    /// Whether a test waits.
    /// - Parameter suspects: Whether tests of suspects only count.
    func hasTests(suspects: Bool = true) -> Bool {
        !innocentTests.isEmpty || separate.values.contains { !$0.tests.isEmpty || suspects && !$0.suspectTests.isEmpty }
    }

    /// The next test, whatever else waits.
    mutating func nextTest(takesSuspects: Bool) -> Turn? {
        if let test = nextInnocentTest() { return test }
        for uid in separate.keys.sorted() {
            if let test = separate[uid]?.tests.popFirst() { return .test(test, uid: uid, isSuspect: false) }
            if takesSuspects, let test = separate[uid]?.suspectTests.popFirst() {
                return .test(test, uid: uid, isSuspect: true)
            }
        }
        return nil
    }

    /// Whose turn it is; nil if nothing waits. If the turn comes to nothing, ask again; else ``took(_:)`` is to follow.
    /// - Parameter takesSuspects: Whether calls of suspects only may leave.
    mutating func next(takesSuspects: Bool) -> Turn? {
        if !lastWasInnocentTest, let test = nextInnocentTest() { return test }
        if separate.isEmpty { return hasClean ? .clean : nextInnocentTest() }
        var best: (uid: UInt32?, start: Double)?
        if hasClean { best = (nil, max(cleanTag, virtualTime)) }
        // In the order of their numbers, so that every run of the same events is the same.
        for uid in separate.keys.sorted() where hasWork(uid, takesSuspects) {
            let start = max(separate[uid]?.tag ?? 0, virtualTime)
            if best.map({ start < $0.start }) ?? true { best = (uid, start) }
        }
        guard let best else { return nextInnocentTest() }
        guard let uid = best.uid else { return .clean }
        return turn(of: uid, takesSuspects)
    }

    private mutating func nextInnocentTest() -> Turn? {
        innocentTests.popFirst().map { .test($0, uid: nil, isSuspect: false) }
    }

    private var hasClean: Bool { !returned.isEmpty || callers.cleanUsers > 0 }

    private func hasBeside(_ uid: UInt32) -> Bool {
        separate[uid]?.returned.isEmpty == false
            || isOffending(uid) && callers.callers(in: .besideOffender(uid: uid)) > 0
    }

    private func hasSuspects(_ uid: UInt32) -> Bool {
        separate[uid]?.alone.isEmpty == false || callers.callers(in: .suspects(uid: uid)) > 0
    }

    private func isOffending(_ uid: UInt32) -> Bool { separate[uid]?.isOffending == true }

    private func hasWork(_ uid: UInt32, _ takesSuspects: Bool) -> Bool {
        separate[uid]?.tests.isEmpty == false || hasBeside(uid)
            || takesSuspects && (separate[uid]?.suspectTests.isEmpty == false || hasSuspects(uid))
    }

    private mutating func turn(of uid: UInt32, _ takesSuspects: Bool) -> Turn? {
        if let test = separate[uid]?.tests.popFirst() { return .test(test, uid: uid, isSuspect: false) }
        if takesSuspects, let test = separate[uid]?.suspectTests.popFirst() {
            return .test(test, uid: uid, isSuspect: true)
        }
        let suspects = takesSuspects && hasSuspects(uid)
        guard let own = separate[uid] else { return nil }
        if hasBeside(uid), !suspects || max(own.besideTag, own.time) <= max(own.suspectTag, own.time) {
            return .besideOffender(uid: uid)
        }
        return own.alone.isEmpty ? .suspects(uid: uid) : .alone(uid: uid)
    }

    /// Takes an account that goes first in a call of a lane.
    mutating func popReturned(_ turn: Turn) -> AccountID? {
        switch turn {
        case .clean: returned.popFirst()
        case .besideOffender(let uid): separate[uid]?.returned.popFirst()
        case .alone(let uid): separate[uid]?.alone.popFirst()
        case .test, .suspects: nil
        }
    }

    /// A call has left in a turn.
    mutating func took(_ turn: Turn) {
        switch turn {
        case .test(_, uid: nil, _): lastWasInnocentTest = true
        case .clean:
            lastWasInnocentTest = false
            if separate.isEmpty { return }
            virtualTime = max(cleanTag, virtualTime)
            cleanTag = virtualTime + 1 / Double(max(1, callers.cleanUsers))
        case .test(_, let uid?, _): charge(uid) { _ in }
        case .besideOffender(let uid):
            let count = callers.callers(in: .besideOffender(uid: uid))
            charge(uid) { own in
                own.time = max(own.time, own.besideTag)
                own.besideTag = own.time + 1 / Double(max(1, count))
            }
        case .alone(let uid), .suspects(let uid):
            let count = callers.callers(in: .suspects(uid: uid))
            charge(uid) { own in
                own.time = max(own.time, own.suspectTag)
                own.suspectTag = own.time + 1 / Double(max(1, count))
            }
        }
    }

    private mutating func charge(_ uid: UInt32, _ lane: (inout Separate) -> Void) {
        lastWasInnocentTest = false
        virtualTime = max(separate[uid]?.tag ?? 0, virtualTime)
        let end = virtualTime + 1
        own(uid) { own in
            own.tag = end
            lane(&own)
        }
        forgetIfIdle(uid)
    }

    /// Forgets a user that has not offended and has no call of its own.
    private mutating func forgetIfIdle(_ uid: UInt32) {
        if separate[uid]?.isEmpty == true, !isOffending(uid) { separate[uid] = nil }
    }

    /// Takes out everything that is to go into a call, but what waits in the callers' own order.
    mutating func removeAll() {
        (returned, innocentTests) = ([], [])
        for uid in separate.keys {
            separate[uid]?.tests = []
            separate[uid]?.suspectTests = []
            separate[uid]?.returned = []
            separate[uid]?.alone = []
        }
    }

    /// All accounts that a lane brings into a call.
    var accounts: [AccountID] { returned + separate.values.flatMap { Array($0.returned) + Array($0.alone) } }
}

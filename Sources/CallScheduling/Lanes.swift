import Accounting
import AttributeValues
import DequeModule

/// Whose call leaves next.
///
/// Users without a recent offence share calls, the clean lane. Each user with one has calls of its own. The order, which ``next(upTo:)``
/// and ``turn(of:upTo:)`` follow:
///
/// 1. A test that holds an account of a user without an offence, unless the call before was such a test.
/// 2. The clean lane or the user with calls of its own whose virtual time is earliest; the clean lane if they are equal. The clean lane's
///    goes on by one divided by the number of users in it, another user's by one: so each user has an equal part of the calls. Under
///    rules, users count by their part of their rule's weight. A call costs the same whatever it carries, so an offender's small calls
///    take no turns from the others.
/// 3. Of a user with calls of its own: its tests, then in turns, weighted by their callers, those beside the offender and the suspects. Of
///    the suspects, accounts that were found at fault lately go first, each alone.
///
/// A lane that has taken its part of calls or slots has no turn until some come back.
struct Lanes: Sendable {
    /// What a call is for.
    enum Turn: Equatable, Sendable {
        /// A test of a search for offenders. `principal` pays for it, if all accounts in it are offending users'.
        case test(TestKey, Lane, principal: Principal?)
        /// Accounts of all callers of users without a recent offence.
        case clean
        /// Accounts of a user's callers that are not suspect.
        case besideOffender(principal: Principal)
        /// An account that was found at fault lately.
        case alone(principal: Principal)
        /// Accounts of a user's suspect callers.
        case suspects(principal: Principal)

        /// Who pays for it; nil if all clean callers do.
        var payer: Principal? {
            switch self {
            case .test(_, _, let principal): principal
            case .clean: nil
            case .besideOffender(let principal), .alone(let principal), .suspects(let principal): principal
            }
        }
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

        /// The lane of the test that is next among those that may leave.
        func nextTest(upTo worst: Lane) -> Lane? {
            if worst >= .besideOffender, !tests.isEmpty { return .besideOffender }
            return worst >= .suspect && !suspectTests.isEmpty ? .suspect : nil
        }
    }

    var callers = CallerQueue()
    /// Accounts in the clean lane that have been in a call and go first in the next one.
    private var returned: AccountLane = []
    /// Tests that hold an account of a user without an offence.
    private var innocentTests: Deque<TestKey> = []
    private var lastWasInnocentTest = false
    private var separate: [Principal: Separate] = [:]
    /// Accounts that only clients wait for that do not read: they come back when one of those reads again.
    private(set) var parked: [(id: AccountID, isAlone: Bool)] = []
    private var cleanTag = 0.0
    /// The start of the call that left last.
    private var virtualTime = 0.0

    /// No call is charged more than so many for a search.
    static let maximumCharge = 20

    // MARK: What comes in

    /// - Parameter lane: The best lane of those who wait for its accounts.
    mutating func addTest(_ test: TestKey, lane: Lane, principal: Principal?) {
        // A test that no request waits for any more ends when it is to leave.
        guard lane != .clean, let principal else { return innocentTests.append(test) }
        own(principal) { own in
            if lane == .suspect { own.suspectTests.append(test) } else { own.tests.append(test) }
        }
    }

    /// An account comes back from a call, and goes first in the next one.
    mutating func addReturned(_ account: AccountID, lane: Lane, principal: Principal) {
        if lane == .clean { returned.append(account) } else { own(principal) { $0.returned.append(account) } }
    }

    /// An account leaves alone.
    mutating func addAlone(_ account: AccountID, principal: Principal) { own(principal) { $0.alone.append(account) } }

    private mutating func own(_ principal: Principal, _ change: (inout Separate) -> Void) {
        change(&separate[principal, default: Separate(tag: virtualTime)])
    }

    // MARK: Offenders

    /// A user has offended.
    /// - Parameter calls: What it cost.
    mutating func separate(_ principal: Principal, charging calls: Int) {
        callers.separate(principal)
        let (start, weight) = (virtualTime, callers.weight(of: principal))
        own(principal) { own in
            own.isOffending = true
            own.tag = max(own.tag, start) + Double(min(calls, Self.maximumCharge)) / weight
        }
    }

    /// A user has not offended for a minute.
    mutating func unite(_ principal: Principal) {
        callers.unite(principal)
        guard let own = separate[principal] else { return }
        returned.append(contentsOf: own.returned)
        separate[principal]?.returned = []
        separate[principal]?.isOffending = false
        forgetIfIdle(principal)
    }

    /// A principal pays for the time that a call of its own kept its slot, where that is more than an answered call does.
    mutating func charge(_ principal: Principal, forSlotHeld time: Duration) {
        guard separate[principal] != nil else { return }
        let calls = Double(time.nanoseconds) / Double(SlotTable.holdAfterAnswer.nanoseconds) - 1
        let weight = callers.weight(of: principal)
        own(principal) { $0.tag += max(0, calls) / weight }
    }

    // MARK: Turns

    /// Whether a test waits that may leave.
    func hasTests(upTo worst: Lane = .suspect) -> Bool {
        !innocentTests.isEmpty || separate.values.contains { $0.nextTest(upTo: worst) != nil }
    }

    /// The next test, whatever else waits.
    /// - Parameter worst: The worst lane of which calls may leave.
    mutating func nextTest(upTo worst: Lane) -> Turn? {
        if let test = nextInnocentTest() { return test }
        for principal in separate.keys.sorted() {
            if let test = takeTest(of: principal, upTo: worst) { return test }
        }
        return nil
    }

    private mutating func takeTest(of principal: Principal, upTo worst: Lane) -> Turn? {
        guard let lane = separate[principal]?.nextTest(upTo: worst) else { return nil }
        let test =
            lane == .suspect ? separate[principal]?.suspectTests.popFirst() : separate[principal]?.tests.popFirst()
        return test.map { .test($0, lane, principal: principal) }
    }

    /// Whose turn it is; nil if no call waits that may leave. If the turn gives no call, ask again; else ``took(_:)`` is to follow.
    /// - Parameter worst: The worst lane of which calls may leave.
    mutating func next(upTo worst: Lane) -> Turn? {
        if !lastWasInnocentTest, let test = nextInnocentTest() { return test }
        switch earliest(upTo: worst) {
        case .clean: return .clean
        case .separate(let principal): return turn(of: principal, upTo: worst)
        case nil: return nextInnocentTest()
        }
    }

    /// Who share calls.
    private enum Company { case clean, separate(Principal) }

    /// Whose virtual time is earliest, among those that have something that may leave.
    private func earliest(upTo worst: Lane) -> Company? {
        if separate.isEmpty { return hasClean ? .clean : nil }
        var best: (company: Company, start: Double)?
        if hasClean { best = (.clean, max(cleanTag, virtualTime)) }
        // In the order of their numbers, so that every run of the same events is the same.
        for principal in separate.keys.sorted() where hasWork(principal, upTo: worst) {
            let start = max(separate[principal]?.tag ?? 0, virtualTime)
            if best.map({ start < $0.start }) ?? true { best = (.separate(principal), start) }
        }
        return best?.company
    }

    private mutating func nextInnocentTest() -> Turn? {
        innocentTests.popFirst().map { .test($0, .clean, principal: nil) }
    }

    private var hasClean: Bool { !returned.isEmpty || callers.cleanUsers > 0 }

    private func hasBeside(_ principal: Principal) -> Bool {
        separate[principal]?.returned.isEmpty == false
            || isOffending(principal) && callers.callers(in: .besideOffender(principal: principal)) > 0
    }

    private func hasSuspects(_ principal: Principal) -> Bool {
        separate[principal]?.alone.isEmpty == false || callers.callers(in: .suspects(principal: principal)) > 0
    }

    private func isOffending(_ principal: Principal) -> Bool { separate[principal]?.isOffending == true }

    private func hasWork(_ principal: Principal, upTo worst: Lane) -> Bool {
        switch worst {
        case .clean: false
        case .besideOffender: separate[principal]?.tests.isEmpty == false || hasBeside(principal)
        case .suspect:
            separate[principal]?.nextTest(upTo: worst) != nil || hasBeside(principal) || hasSuspects(principal)
        }
    }

    private mutating func turn(of principal: Principal, upTo worst: Lane) -> Turn? {
        if let test = takeTest(of: principal, upTo: worst) { return test }
        let suspects = worst == .suspect && hasSuspects(principal)
        guard let own = separate[principal] else { return nil }
        if hasBeside(principal), !suspects || max(own.besideTag, own.time) <= max(own.suspectTag, own.time) {
            return .besideOffender(principal: principal)
        }
        return own.alone.isEmpty ? .suspects(principal: principal) : .alone(principal: principal)
    }

    /// Takes an account that goes first in a call of a lane.
    mutating func popReturned(_ turn: Turn) -> AccountID? {
        switch turn {
        case .clean: returned.popFirst()
        case .besideOffender(let principal): separate[principal]?.returned.popFirst()
        case .alone(let principal): separate[principal]?.alone.popFirst()
        case .test, .suspects: nil
        }
    }

    /// An account that goes first in a call of a lane enters none yet, because only clients wait for it that do not read.
    mutating func park(_ account: AccountID, of turn: Turn) {
        if case .alone = turn { parked.append((account, true)) } else { parked.append((account, false)) }
    }

    /// Accounts that were parked, and whether each leaves alone: a client reads again.
    mutating func takeParked() -> [(id: AccountID, isAlone: Bool)] {
        defer { parked = [] }
        return parked
    }

    /// A call has left in a turn.
    mutating func took(_ turn: Turn) {
        switch turn {
        case .test(_, _, principal: nil): lastWasInnocentTest = true
        case .clean:
            lastWasInnocentTest = false
            if separate.isEmpty { return }
            virtualTime = max(cleanTag, virtualTime)
            cleanTag = virtualTime + 1 / callers.cleanWeight
        case .test(_, _, let principal?): charge(principal) { _ in }
        case .besideOffender(let principal):
            let count = callers.callers(in: .besideOffender(principal: principal))
            charge(principal) { own in
                own.time = max(own.time, own.besideTag)
                own.besideTag = own.time + 1 / Double(max(1, count))
            }
        case .alone(let principal), .suspects(let principal):
            let count = callers.callers(in: .suspects(principal: principal))
            charge(principal) { own in
                own.time = max(own.time, own.suspectTag)
                own.suspectTag = own.time + 1 / Double(max(1, count))
            }
        }
    }

    private mutating func charge(_ principal: Principal, _ lane: (inout Separate) -> Void) {
        lastWasInnocentTest = false
        virtualTime = max(separate[principal]?.tag ?? 0, virtualTime)
        let end = virtualTime + 1 / callers.weight(of: principal)
        own(principal) { own in
            own.tag = end
            lane(&own)
        }
        forgetIfIdle(principal)
    }

    /// Forgets a user that has not offended and has no call of its own.
    private mutating func forgetIfIdle(_ principal: Principal) {
        if separate[principal]?.isEmpty == true, !isOffending(principal) { separate[principal] = nil }
    }

    /// Takes out all tests.
    mutating func removeTests() {
        innocentTests = []
        for principal in separate.keys {
            separate[principal]?.tests = []
            separate[principal]?.suspectTests = []
        }
    }

    /// All accounts that a lane brings into a call.
    var accounts: [AccountID] { returned + separate.values.flatMap { Array($0.returned) + Array($0.alone) } }
}

import AttributeValues
import HeapModule

/// The rule that keeps any second at the server within the limit: a call takes one of N slots when it leaves, and
/// gives it back a second after its *answer* came, not after it left.
///
/// Let the server count call j at sⱼ. Its answer came later than that, so a call that takes over the slot leaves, and
/// is counted, more than a second after sⱼ: no second contains both. Of the calls that are counted in any one second, take the
/// one that was sent last: none of the others had given its slot back by then, so all of them held slots at once, N at most,
/// however long each was on its way. Of the round trip, a lower bound may be credited: with c not above the least way out plus
/// the least way back, answer + 1 s − c is late enough too.
///
/// All that is needed of the clock is that it does not run faster than the server's. One that stops while the machine sleeps
/// gives slots back later than needed. One on which time asleep counts runs as the server's does, but for the moment at which the
/// machine wakes up: the kernel measures a sleep by a clock that may know whole seconds only, so that up to a second too much
/// may be added. Hence ``slept(until:)``.
public struct SlotTable: Sendable {
    /// How long a slot is held after the answer: a second, and 0.2 % for two clocks that do not run quite alike.
    public static let holdAfterAnswer: Duration = .milliseconds(1002)
    /// How long a slot is held after a call was closed without an answer: the server may count it until the
    /// last byte that the kernel had sent has arrived.
    public static let holdAfterClose: Duration = .seconds(2)

    /// What a slot is at, as it is written down for a process that comes after this one.
    public enum State: Hashable, Sendable {
        case free
        /// A call is under way.
        case underWay
        /// A call has ended; the slot comes back at this moment.
        case held(until: Moment)
    }

    /// A slot whose state has changed.
    public struct Change: Hashable, Sendable {
        /// 0 or more.
        public let slot: Int
        /// What it is at now.
        public let state: State
    }

    private struct Return: Comparable {
        let moment: Moment
        let slot: Int
        static func < (left: Return, right: Return) -> Bool { left.moment < right.moment }
    }

    /// N: the calls that the server may see in any second, at least 1. A lower one holds at once.
    public var limit: Int
    /// Calls that are under way.
    public private(set) var underWay = 0
    /// Changes since ``takeChanges(_:)`` was called last.
    private var changes: [Change] = []
    /// When the slots of calls that have ended come back.
    private var returns = Heap<Return>()
    /// Free slots that have been used before; the next one after them is `fresh`.
    private var used: [Int] = []
    private var fresh = 0
    /// The lanes of taken slots, but for the clean one.
    private var lanes: [Int: Lane] = [:]
    private var counts = LaneCounts()

    /// A table whose slots are all free.
    /// - Parameter limit: Calls in any second, at least 1.
    public init(limit: Int) {
        precondition(limit >= 1, "a limit of \(limit) calls a second; at least 1 is needed")
        self.limit = limit
    }

    /// Slots that are taken, by calls under way and by those that ended lately.
    public var held: Int { underWay + returns.count }

    /// Those of them that calls of the clean lane have taken.
    var heldByClean: Int { held - counts.all }

    /// The worst lane of which a call may leave, as far as its lane's part of the slots goes.
    func worstAdmitted(leavesSome: Bool) -> Lane {
        counts.worstThatMayTake(of: limit, taken: held, leavesSome: leavesSome)
    }

    /// Whether a call may leave, as far as the slots go.
    public var hasFree: Bool { held < limit }

    /// When the next slot comes back; nil if none is due, because all are free or under way.
    public var nextReturn: Moment? { returns.min?.moment }

    /// A lower bound for when `count` calls more may have left.
    ///
    /// Of calls under way, it is known only that their slots come back a hold after now at the earliest.
    public func earliestStart(of count: Int, now: Moment, credit: Duration = .zero) -> Moment {
        let free = max(0, limit - held)
        if count <= free { return now }
        let rounds = (count - free + limit - 1) / limit
        let firstReturn = min(nextReturn ?? .distantFuture, now + Self.holdAfterAnswer - credit)
        return firstReturn + (Self.holdAfterAnswer - credit) * (rounds - 1)
    }

    /// A call leaves. Only when ``hasFree``.
    /// - Returns: Its slot.
    public mutating func take() -> Int { take(.clean) }

    mutating func take(_ lane: Lane) -> Int {
        precondition(hasFree, "no free slot")
        let slot = nextFree()
        underWay += 1
        if lane != .clean {
            lanes[slot] = lane
            counts.take(lane)
        }
        changes.append(Change(slot: slot, state: .underWay))
        return slot
    }

    /// A call was answered from behind the server's counter.
    /// - Parameters:
    ///   - moment: When the answer's head came.
    ///   - credit: c, a lower bound of the round trip.
    public mutating func answered(_ slot: Int, at moment: Moment, credit: Duration = .zero) {
        underWay -= 1
        hold(slot, until: moment + Self.holdAfterAnswer - credit)
    }

    /// A call ended without an answer: it may have been counted, or may be yet.
    /// - Parameter moment: When its connection was closed for good.
    public mutating func closed(_ slot: Int, at moment: Moment) {
        underWay -= 1
        hold(slot, until: moment + Self.holdAfterClose)
    }

    /// A call that had taken a slot never left, because no connection was made for it.
    public mutating func neverSent(_ slot: Int) {
        underWay -= 1
        free(slot)
    }

    /// Nothing is known of what was sent before `moment`: all slots count as used then by calls without an answer.
    public mutating func assumeAllUsed(at moment: Moment) {
        while held < limit { hold(nextFree(), until: moment + Self.holdAfterClose) }
    }

    /// The machine has slept, and how long is not known exactly: the slots of calls that had ended before are held for as long as if
    /// those had ended now. To be called before ``advance(to:)`` is with a moment after the sleep. Slots of calls under way need nothing:
    /// they are held from their ends on.
    public mutating func slept(until now: Moment) {
        let slots = Array(returns.unordered)
        returns = Heap()
        for slot in slots { hold(slot.slot, until: max(slot.moment, now + Self.holdAfterClose)) }
    }

    /// Goes on where a process that was killed has stopped.
    /// - Parameter states: What that process had written down.
    public mutating func restore(_ states: [State], now: Moment) {
        let latest = now + Self.holdAfterClose
        for state in states {
            switch state {
            case .free: break
            case .underWay: hold(nextFree(), until: latest)
            case .held(let moment):
                // A moment that cannot have been written by a process of ours: what else is written is worth nothing.
                guard moment <= latest else { return assumeAllUsed(at: now) }
                if moment > now { hold(nextFree(), until: moment) }
            }
        }
    }

    /// Frees the slots that are due.
    public mutating func advance(to now: Moment) {
        while let first = returns.min, first.moment <= now {
            returns.removeMin()
            free(first.slot)
        }
    }

    /// Gives what has changed since the last time, to be written down before a call that has taken a slot leaves.
    public mutating func takeChanges(_ take: ([Change]) -> Void) {
        take(changes)
        changes.removeAll(keepingCapacity: true)
    }

    private mutating func nextFree() -> Int {
        if let slot = used.popLast() { return slot }
        defer { fresh += 1 }
        return fresh
    }

    private mutating func free(_ slot: Int) {
        used.append(slot)
        if !lanes.isEmpty, let lane = lanes.removeValue(forKey: slot) { counts.giveBack(lane) }
        changes.append(Change(slot: slot, state: .free))
    }

    private mutating func hold(_ slot: Int, until moment: Moment) {
        returns.insert(Return(moment: moment, slot: slot))
        changes.append(Change(slot: slot, state: .held(until: moment)))
    }
}

import AttributeValues

/// When a call may leave, as far as the upstream's limit goes: a slot has to be free, and the call's turn in the second to have come.
///
/// It owns the slots, the pacer in front of them, the round trip that the slots count on, and the rate that the upstream allows at present.
struct CallLimiter: Sendable {
    private var slots: SlotTable
    private var pacer: Pacer
    private var adaptation: RateAdaptation
    private var roundTrips: RoundTrips

    /// - Parameters:
    ///   - rate: Calls in any second at the server, at least 1.
    ///   - credit: The part of the least round trip that is counted on, 0…0.95.
    init(rate: Int, credit: Double = 0) {
        slots = SlotTable(limit: rate)
        pacer = Pacer(rate: rate)
        adaptation = RateAdaptation(configured: rate)
        roundTrips = RoundTrips(credit: credit)
    }

    /// Takes other bounds, from the next ``advance(to:)`` on. What is the same stays as it is.
    mutating func change(rate: Int, credit: Double) {
        if rate != adaptation.configured { adaptation = RateAdaptation(configured: rate) }
        if credit != roundTrips.credit { roundTrips = RoundTrips(credit: credit) }
    }

    // MARK: Questions

    /// Slots that are taken, by calls under way and by those that ended lately.
    var held: Int { slots.held }

    /// N as it is applied: calls in any second.
    var limit: Int { slots.limit }

    /// Time between calls in the long run.
    var spacing: Duration { pacer.spacing }

    /// When the next slot comes back; nil if none is due.
    var nextReturn: Moment? { slots.nextReturn }

    /// N at a moment, which is below the configured rate after the upstream has refused calls for their frequency.
    func limit(at now: Moment) -> Int { adaptation.limit(at: now) }

    /// c: the part of the round trip that the slots count on.
    mutating func credit(at now: Moment) -> Duration { roundTrips.lowerBound(now: now) }

    /// Whether a call may leave now.
    func mayStart(at now: Moment) -> Bool { slots.hasFree && pacer.earliestStart(now: now) <= now }

    /// A lower bound for when so many calls more may have left.
    mutating func earliestStart(of count: Int = 1, now: Moment) -> Moment {
        max(
            pacer.earliestStart(of: count, now: now),
            slots.earliestStart(of: count, now: now, credit: roundTrips.lowerBound(now: now)))
    }

    /// When a call that waits may leave or is to be looked at again; nil if that depends on other events.
    func nextStart(notBefore due: Moment, now: Moment) -> Moment? {
        if slots.hasFree { return max(due, pacer.earliestStart(now: now)) }
        return Moment.earlier(slots.nextReturn, adaptation.nextRaise(after: now))
    }

    /// The worst lane of which a call may take a slot.
    func worstAdmitted(leavesSome: Bool) -> Lane { slots.worstAdmitted(leavesSome: leavesSome) }

    /// Whether calls of the clean lane have taken more than an eighth of the slots.
    var isUsedByClean: Bool { slots.heldByClean > slots.limit / 8 }

    // MARK: Events

    /// Frees the slots that are due, and applies the rate of the moment.
    /// - Returns: Whether slots were freed.
    mutating func advance(to now: Moment) -> Bool {
        let held = slots.held
        slots.advance(to: now)
        let limit = adaptation.limit(at: now)
        if limit != slots.limit {
            slots.limit = limit
            pacer.rate = limit
        }
        return slots.held < held
    }

    /// A call leaves. Only when ``mayStart(at:)``.
    /// - Returns: Its slot.
    mutating func start(in lane: Lane, now: Moment) -> Int {
        pacer.take(now: now)
        return slots.take(lane)
    }

    /// Calls wait that could leave. If it is for a slot, those that leave next do not leave together.
    mutating func callsWait(now: Moment) {
        if !slots.hasFree { pacer.backlogged(now: now) }
    }

    /// The call that has a slot has ended.
    mutating func ended(_ slot: Int, _ counted: CallEnd.Counted, now: Moment) {
        switch counted {
        case .answered(let moment): slots.answered(slot, at: moment, credit: roundTrips.lowerBound(now: now))
        case .unknown(let moment): slots.closed(slot, at: moment)
        case .neverSent: slots.neverSent(slot)
        }
    }

    /// The upstream has refused a call for its frequency.
    /// - Returns: Whether N was halved.
    mutating func refused(callStartedAt start: Moment, now: Moment) -> Bool {
        adaptation.refused(callStartedAt: start, now: now)
    }

    /// A call was answered, so long after its head had been written, on a connection that had answered a call before.
    mutating func measured(_ roundTrip: Duration, now: Moment) { roundTrips.add(roundTrip, at: now) }

    /// No connection to the upstream is left: the next one may take another way.
    mutating func connectionsGone() { roundTrips.forget() }

    // MARK: Other processes

    /// See ``SlotTable/assumeAllUsed(at:)``.
    mutating func assumeAllUsed(at moment: Moment) { slots.assumeAllUsed(at: moment) }

    /// See ``SlotTable/takeChanges(_:)``.
    mutating func takeChanges(_ take: ([SlotTable.Change]) -> Void) { slots.takeChanges(take) }

    /// See ``SlotTable/restore(_:now:)``.
    mutating func restore(_ states: [SlotTable.State], now: Moment) { slots.restore(states, now: now) }

    /// For tests, in which other calls hold slots.
    mutating func changeSlots(_ change: (inout SlotTable) -> Void) { change(&slots) }
}

extension Moment {
    /// The earlier of two moments of which each may be never.
    static func earlier(_ left: Moment?, _ right: Moment?) -> Moment? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }
}

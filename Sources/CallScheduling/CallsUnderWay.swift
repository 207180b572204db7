import Accounting
import AttributeValues

extension CallScheduler {
    /// A call that is about to leave.
    struct Load {
        /// None if it is the referee's.
        var rides: [Ride]
        var purpose = Call.Purpose.ordinary
        var connection = ConnectionChoice.any
        /// The lane whose part of calls and slots it takes.
        var lane = Lane.clean
        /// Whether it repeats one that was lost on a dead connection.
        var isRepeat = false
        /// Whose turn it takes; nil if it is the turn of all clean callers.
        var payer: Principal?
    }

    /// A call under way.
    struct Call: Sendable {
        /// What it is for.
        enum Purpose: Equatable, Sendable {
            /// Callers' accounts.
            case ordinary
            /// A test of a search for offenders.
            case test(TestKey)
            /// To find out whether upstream can be reached again.
            case probe
        }

        /// Why its connection is closed before its end.
        enum GivenUp { case overtaken, unwanted }

        let slot: Int
        let leftAt: Moment
        fileprivate(set) var rides: [Ride]
        let purpose: Purpose
        let lane: Lane
        let isRepeat: Bool
        let payer: Principal?
        fileprivate(set) var givenUp: GivenUp?
        /// Callers whose requests ended while an account of theirs was in the call.
        fileprivate(set) var leavers: Set<CallerKey> = []

        var isReferees: Bool { rides.isEmpty }
    }
}

/// The calls under way: who waits for each, how many each lane has, and for how long they have been silent.
struct CallsUnderWay: Sendable {
    private var calls: [CallKey: CallScheduler.Call] = [:]
    private var lanes = LaneCounts()
    private var flights = FlightWatch()
    private var lastNumber: UInt64 = 0

    var count: Int { calls.count }
    var isEmpty: Bool { calls.isEmpty }

    /// A call that has not ended.
    subscript(key: CallKey) -> CallScheduler.Call? { calls[key] }

    /// The worst lane of which one more may leave.
    /// - Parameter limit: How many calls may be under way.
    func worstAdmitted(of limit: Int) -> Lane {
        lanes.worstThatMayTake(of: limit, taken: calls.count, leavesSome: true)
    }

    // MARK: Calls come and go

    mutating func start(_ load: CallScheduler.Load, slot: Int, now: Moment) -> CallKey {
        lastNumber += 1
        let key = CallKey(number: lastNumber)
        lanes.take(load.lane)
        flights.left(key, accounts: load.rides.count, at: now)
        calls[key] = CallScheduler.Call(
            slot: slot, leftAt: now, rides: load.rides, purpose: load.purpose, lane: load.lane, isRepeat: load.isRepeat,
            payer: load.payer)
        return key
    }

    /// A call has ended.
    /// - Returns: Nil if it is not known.
    mutating func end(_ key: CallKey) -> CallScheduler.Call? {
        guard let call = calls.removeValue(forKey: key) else { return nil }
        lanes.giveBack(call.lane)
        flights.ended(key)
        return call
    }

    // MARK: Requests come and go

    /// A request waits for the answer to an account of a call, from now on.
    /// - Parameter place: The account's in the call.
    mutating func join(_ key: CallKey, at place: Int, _ request: RequestKey, index: Int) {
        calls[key]?.rides[place].waiters.add(request, index: index)
    }

    /// A request does not wait for an account any more. The call runs to its end; only the list of those to answer stays short.
    mutating func leave(_ key: CallKey, at place: Int, _ request: RequestKey, of caller: CallerKey) {
        guard calls[key]?.rides[place].waiters.contains(request) == true else { return }
        _ = calls[key]?.rides[place].waiters.remove(request)
        calls[key]?.leavers.insert(caller)
    }

    // MARK: Silence

    /// The upstream has answered a call, which has ended.
    mutating func answered(leftAt: Moment, now: Moment) { flights.answered(leftAt: leftAt, now: now) }

    /// How long calls may be silent, while no later one is answered, until the upstream is in doubt.
    var doubtAfter: Duration { flights.doubtAfter }

    /// When the upstream comes into doubt because of a call's silence.
    var doubtDue: Moment? { flights.doubtDue }

    /// When ``giveUpOverdue(at:isWanted:)`` has something to do.
    var giveUpDue: Moment? { flights.giveUpDue }

    /// Gives up the next call that has been silent for too long after a later one was answered. A call for one account that is wanted is
    /// left to run: its answer may just be slow, and there is nothing to divide.
    mutating func giveUpOverdue(at now: Moment, isWanted: (Ride) -> Bool) -> CallKey? {
        while let key = flights.takeOverdue(at: now) {
            guard let call = calls[key], call.givenUp == nil,
                call.rides.count > 1 || !call.rides.contains(where: isWanted)
            else { continue }
            calls[key]?.givenUp = .overtaken
            return key
        }
        return nil
    }

    /// Gives up all calls that are not wanted.
    /// - Returns: Those that were not given up before.
    mutating func giveUpUnwanted(isWanted: (Ride) -> Bool) -> [CallKey] {
        var new: [CallKey] = []
        for (key, call) in calls where !call.rides.contains(where: isWanted) {
            if call.givenUp == nil { new.append(key) }
            calls[key]?.givenUp = .unwanted
        }
        return new.sorted { $0.number < $1.number }
    }

    // MARK: For tests

    var all: some Collection<CallScheduler.Call> { calls.values }

    var counts: LaneCounts { lanes }
}

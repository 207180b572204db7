import Accounting
import AttributeValues

/// Which callers and users have lately asked for accounts that make calls fail, and how often.
///
/// An offence is an account that was found at fault. Each waiting caller of it and that caller's user get a record, which lasts a minute
/// after the last offence. The rate of a record, offences by rides, decides in what company the caller's accounts leave and how many of
/// them share a call.
struct OffenceLedger: Sendable {
    /// How long an offence is remembered.
    static let memory: Duration = .seconds(60)
    /// Offences by rides above which a caller is suspect.
    static let suspectRate = 0.005
    /// Callers that are remembered; with more, the one with the fewest offences is forgotten.
    static let capacity = 4096
    /// What a call of suspects may carry in expected offences: most such calls succeed.
    static let expectedOffences = 0.5
    /// Earlier rides of a caller that speak for it. More would let an offender build up credit.
    static let countedRides = 200
    /// Rides after which older ones count half, so that the rate follows what a caller does.
    private static let halvedAfter = 1000.0
    /// Rides that a new connection is assumed to have had at its user's rate.
    private static let assumedRides = 8.0

    private struct Record {
        var offences: Double
        var rides: Double
        var lastOffence: Moment

        var rate: Double { offences / max(1, rides) }

        mutating func countRide() {
            rides += 1
            if rides > OffenceLedger.halvedAfter { (offences, rides) = (offences / 2, rides / 2) }
        }
    }

    private var users: [Principal: Record] = [:]
    /// Users that are treated as offenders until a call of their own is answered: one of them made a call go wrong in which no account can
    /// be found at fault.
    private var apart: Set<Principal> = []
    private var callers: [CallerKey: Record] = [:]
    /// No user's record ends before this moment.
    private var nextEnd: Moment?

    /// Whether no offence is remembered.
    var isEmpty: Bool { users.isEmpty }

    /// An account that a caller waited for was found at fault.
    /// - Parameter earlierRides: The caller's accounts that have been in calls so far.
    mutating func note(_ caller: CallerKey, earlierRides: Int, now: Moment) {
        let rides = Double(max(1, min(earlierRides, Self.countedRides)))
        apart.remove(caller.principal)
        Self.note(&users[caller.principal], rides: rides, now)
        if callers[caller] == nil, callers.count >= Self.capacity { forgetLeastOffender() }
        Self.note(&callers[caller], rides: rides, now)
        nextEnd = min(nextEnd ?? now + Self.memory, now + Self.memory)
    }

    /// One of a principal's accounts is at fault, and it is not known yet which.
    mutating func suspect(_ principal: Principal, now: Moment) {
        apart.remove(principal)
        users[principal, default: Record(offences: 0, rides: 0, lastOffence: now)].lastOffence = now
        nextEnd = min(nextEnd ?? now + Self.memory, now + Self.memory)
    }

    /// One of these users has made a call go wrong, and no account can be found at fault. Each is to have calls of its own until one is
    /// answered as it should be, so that the next call that goes wrong shows who it is.
    /// - Returns: Those that leave the clean lane now; none if one that had left it before was in the call.
    mutating func putApart(_ principals: Set<Principal>, now: Moment) -> [Principal] {
        if principals.contains(where: isOffending) { return [] }
        for principal in principals { suspect(principal, now: now) }
        apart.formUnion(principals)
        return principals.sorted()
    }

    /// A call for this user alone was answered as it should be.
    /// - Returns: Whether it comes back to the clean lane.
    mutating func clear(_ principal: Principal) -> Bool {
        guard apart.remove(principal) != nil else { return false }
        users[principal] = nil
        return true
    }

    private static func note(_ record: inout Record?, rides: Double, _ now: Moment) {
        if record == nil { record = Record(offences: 0, rides: rides - 1, lastOffence: now) }
        record?.offences += 1
        record?.countRide()
        record?.lastOffence = now
    }

    private mutating func forgetLeastOffender() {
        if let least = callers.min(by: { $0.value.offences < $1.value.offences }) { callers[least.key] = nil }
    }

    /// A connection asks for the first time. While its user offends, it starts with the user's rate: else an offender would only have to
    /// connect anew.
    mutating func meet(_ caller: CallerKey) {
        guard let user = users[caller.principal], user.rate > Self.suspectRate, callers[caller] == nil,
            callers.count < Self.capacity
        else { return }
        callers[caller] = Record(
            offences: user.rate * Self.assumedRides, rides: Self.assumedRides, lastOffence: user.lastOffence)
    }

    /// An account of a caller was answered.
    mutating func countAnswered(_ caller: CallerKey) {
        users[caller.principal]?.countRide()
        callers[caller]?.countRide()
    }

    /// Whether a user has offended lately.
    func isOffending(_ principal: Principal) -> Bool { users[principal] != nil }

    /// With whom a caller's accounts share calls.
    func lane(of caller: CallerKey) -> Lane {
        guard isOffending(caller.principal) else { return .clean }
        return rate(of: caller) > Self.suspectRate ? .suspect : .besideOffender
    }

    /// How many of a caller's accounts are expected to be at fault, 0…1.
    func rate(of caller: CallerKey) -> Double { min(1, callers[caller]?.rate ?? 0) }

    /// Forgets what is older than a minute.
    /// - Returns: Users without a recent offence from now on.
    mutating func advance(to now: Moment) -> [Principal] {
        guard let nextEnd, nextEnd <= now else { return [] }
        let ended = users.filter { $0.value.lastOffence + Self.memory <= now }.keys.sorted()
        for principal in ended { users[principal] = nil }
        apart.subtract(ended)
        callers = callers.filter { $0.value.lastOffence + Self.memory > now && users[$0.key.principal] != nil }
        self.nextEnd = users.values.map { $0.lastOffence + Self.memory }.min()
        return ended
    }
}

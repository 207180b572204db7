import AttributeValues
import DequeModule

/// Watches how long calls stay without an answer, compared with what is usual and with calls that left later.
struct FlightWatch: Sendable {
    private struct Flight {
        let key: CallKey
        let leftAt: Moment
        let accounts: Int
    }

    /// In the order in which they left. None has been overtaken by the answer to a call that left later; some have ended.
    private var flights: Deque<Flight> = []
    /// Calls that were overtaken; some have ended.
    private var overtaken: Deque<Flight> = []
    /// When the call left that left last of those that were answered.
    private var latestAnswered: Moment?
    /// What a round trip takes usually; nil before the first answer.
    private(set) var usualRoundTrip: Duration?

    /// Assumed before a round trip was measured.
    private static let assumedRoundTrip: Duration = .milliseconds(190)

    /// How long calls may be silent, while no later one is answered, until the upstream is in doubt.
    var doubtAfter: Duration { max(.milliseconds(200), (usualRoundTrip ?? Self.assumedRoundTrip) * 8) }

    /// How long a call may be silent after a later one was answered, until it is given up.
    var giveUpAfter: Duration { max(.seconds(1), (usualRoundTrip ?? Self.assumedRoundTrip) * 8) }

    mutating func left(_ key: CallKey, accounts: Int, at now: Moment) {
        flights.append(Flight(key: key, leftAt: now, accounts: accounts))
    }

    /// Upstream has answered a call.
    mutating func answered(leftAt: Moment, now: Moment, isUnderWay: (CallKey) -> Bool) {
        let took = now - leftAt
        usualRoundTrip = usualRoundTrip.map { $0 + (took - $0) / 8 } ?? took
        latestAnswered = max(latestAnswered ?? leftAt, leftAt)
        while let first = flights.first, first.leftAt <= latestAnswered ?? leftAt {
            flights.removeFirst()
            if isUnderWay(first.key) { overtaken.append(first) }
        }
    }

    /// Accounts in silent calls that raise a doubt while nothing was answered since the start: one call for one account may just be
    /// slow.
    private static let silentAccountsNeeded = 3

    /// When the upstream comes into doubt because of a call's silence.
    mutating func doubtDue(isUnderWay: (CallKey) -> Bool) -> Moment? {
        while let first = flights.first, !isUnderWay(first.key) { flights.removeFirst() }
        if usualRoundTrip == nil, flights.reduce(0, { $0 + $1.accounts }) < Self.silentAccountsNeeded { return nil }
        return flights.first.map { $0.leftAt + doubtAfter }
    }

    /// When the next overtaken call is to be given up.
    mutating func giveUpDue(isUnderWay: (CallKey) -> Bool) -> Moment? {
        while let first = overtaken.first, !isUnderWay(first.key) { overtaken.removeFirst() }
        return overtaken.first.map { $0.leftAt + giveUpAfter }
    }

    /// Takes a call that has been silent for too long after a later one was answered.
    mutating func takeOverdue(at now: Moment, isUnderWay: (CallKey) -> Bool) -> CallKey? {
        guard let due = giveUpDue(isUnderWay: isUnderWay), due <= now else { return nil }
        return overtaken.popFirst()?.key
    }
}

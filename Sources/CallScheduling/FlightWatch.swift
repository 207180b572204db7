import AttributeValues
import DequeModule

/// Watches how long calls stay without an answer, compared with what is usual and with calls that left later.
struct FlightWatch: Sendable {
    private struct Flight {
        let key: CallKey
        let leftAt: Moment
        let accounts: Int
    }

    /// Calls that are under way and have not been overtaken, in the order in which they left.
    private var flights: Deque<Flight> = []
    /// Calls that are under way and were overtaken by the answer to one that left later.
    private var overtaken: Deque<Flight> = []
    /// What a round trip takes usually; nil before the first answer.
    private(set) var usualRoundTrip: Duration?
    /// How long calls may be silent, while no later one is answered, until the upstream is in doubt.
    private(set) var doubtAfter: Duration
    /// How long a call may be silent after a later one was answered, until it is given up.
    private(set) var giveUpAfter: Duration

    /// Assumed before a round trip was measured.
    private static let assumedRoundTrip: Duration = .milliseconds(190)

    init() { (doubtAfter, giveUpAfter) = Self.patience(with: Self.assumedRoundTrip) }

    private static func patience(with roundTrip: Duration) -> (doubtAfter: Duration, giveUpAfter: Duration) {
        // In whole nanoseconds: the standard library's product of a duration costs hundreds of instructions.
        let long = 8 * roundTrip.nanoseconds
        return (.nanoseconds(max(200_000_000, long)), .nanoseconds(max(1_000_000_000, long)))
    }

    mutating func left(_ key: CallKey, accounts: Int, at now: Moment) {
        flights.append(Flight(key: key, leftAt: now, accounts: accounts))
    }

    /// A call has ended, in whatever way.
    mutating func ended(_ key: CallKey) {
        if flights.first?.key == key {
            flights.removeFirst()
        } else if let place = flights.firstIndex(where: { $0.key == key }) {
            flights.remove(at: place)
        } else {
            overtaken.removeAll { $0.key == key }
        }
    }

    /// Upstream has answered a call, which has ended.
    mutating func answered(leftAt: Moment, now: Moment) {
        let took = (now - leftAt).nanoseconds
        let usual = usualRoundTrip.map { $0.nanoseconds + (took - $0.nanoseconds) / 8 } ?? took
        usualRoundTrip = .nanoseconds(usual)
        (doubtAfter, giveUpAfter) = Self.patience(with: .nanoseconds(usual))
        while let first = flights.first, first.leftAt <= leftAt {
            flights.removeFirst()
            overtaken.append(first)
        }
    }

    /// Accounts in silent calls that raise a doubt while nothing was answered since the start: one call for one account may just be
    /// slow.
    private static let silentAccountsNeeded = 3

    /// When the upstream comes into doubt because of a call's silence.
    var doubtDue: Moment? {
        guard let first = flights.first else { return nil }
        if usualRoundTrip == nil, flights.reduce(0, { $0 + $1.accounts }) < Self.silentAccountsNeeded { return nil }
        return first.leftAt + doubtAfter
    }

    /// When the next overtaken call is to be given up.
    var giveUpDue: Moment? { overtaken.first.map { $0.leftAt + giveUpAfter } }

    /// Takes a call that has been silent for too long after a later one was answered.
    mutating func takeOverdue(at now: Moment) -> CallKey? {
        guard let due = giveUpDue, due <= now else { return nil }
        return overtaken.popFirst()?.key
    }
}

import Accounting
import AttributeValues
import DequeModule

/// Identifies who asks: a connection of a user.
public struct CallerKey: Hashable, Sendable {
    /// The user, whose connections share the user's part.
    public let principal: Principal
    /// Identifies the connection.
    public let connection: UInt64

    /// Identifies a caller.
    public init(principal: Principal, connection: UInt64) {
        self.principal = principal
        self.connection = connection
    }
}

/// With whom a caller's accounts share calls. The smaller, the better the company.
enum Lane: UInt8, Comparable, Sendable {
    /// With all other callers of users without a recent offence.
    case clean
    /// Only with callers of the same user, because another caller of that user has offended lately.
    case besideOffender
    /// Only with other suspects of the same user, in calls that are small enough to succeed mostly.
    case suspect

    static func < (left: Lane, right: Lane) -> Bool { left.rawValue < right.rawValue }
}

/// Accounts that are to go into a call, first come, first served.
typealias AccountLane = Deque<AccountID>

/// An account on its way into a call, with all requests that wait for it.
struct Ride: Sendable {
    let account: Account
    var id: AccountID
    var waiters: Waiters
}
/// How many of something, calls or slots, the lanes of offending principals have taken, and which lanes may take one more.
struct LaneCounts: Sendable {
    private(set) var besideOffenders = 0
    private(set) var suspects = 0

    /// Those of both.
    var all: Int { besideOffenders + suspects }

    mutating func take(_ lane: Lane) { change(lane, by: 1) }

    mutating func giveBack(_ lane: Lane) { change(lane, by: -1) }

    private mutating func change(_ lane: Lane, by count: Int) {
        switch lane {
        case .clean: break
        case .besideOffender: besideOffenders += count
        case .suspect: suspects += count
        }
    }

    /// The worst lane that may take one more.
    ///
    /// Offending principals take what the others do not use, and half in any case. Suspects take a quarter.
    /// - Parameters:
    ///   - all: How many there are.
    ///   - taken: How many of them are taken by all lanes.
    ///   - leavesSome: Whether offending principals leave an eighth for those who ask next, and would else wait until what an offender has
    ///     taken comes back. That may be seconds.
    func worstThatMayTake(of all: Int, taken: Int, leavesSome: Bool) -> Lane {
        let left = max(all / 2, all - (taken - self.all))
        if self.all >= max(1, leavesSome ? min(left, all - all / 8) : left) { return .clean }
        return suspects >= max(1, all / 4) ? .besideOffender : .suspect
    }
}

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

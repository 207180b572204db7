import NIOCore

/// By which kind of socket a connection came.
public enum Door: Hashable, Sendable {
    /// Every caller's.
    case callers
    /// That of administrators.
    case administrators
}

/// What a connection, or a user, has asked for so far.
public struct ConnectionUse: Hashable, Sendable {
    /// Requests.
    public internal(set) var requests = 0
    /// What the service counts of them, such as what they ask for.
    public var items = 0

    /// Nothing yet.
    public init() {}

    /// Adds what another has asked for.
    public static func += (sum: inout ConnectionUse, other: ConnectionUse) {
        sum.requests += other.requests
        sum.items += other.items
    }
}

/// An open connection, for those who want to know who is there.
public struct ConnectionFigures: Sendable {
    /// Its number.
    public let number: UInt64
    /// Who is at the other end.
    public let caller: Caller
    /// How long it has been open.
    public let age: TimeAmount
    /// What it has asked for.
    public let use: ConnectionUse
    /// Requests that have not been answered.
    public let waitingRequests: Int
    /// Bytes of answers that are not written yet.
    public let unreadBytes: Int
}

/// What users have asked for on connections that are closed. So many users are remembered that memory stays bounded.
struct PastUse {
    static let capacity = 1000
    private(set) var byUID: [UInt32: ConnectionUse] = [:]

    mutating func add(_ use: ConnectionUse, of uid: UInt32) {
        if byUID[uid] == nil, byUID.count >= Self.capacity {
            // The one that has asked for least.
            guard let least = byUID.min(by: { $0.value.items < $1.value.items }), least.value.items < use.items else {
                return
            }
            byUID[least.key] = nil
        }
        byUID[uid, default: ConnectionUse()] += use
    }
}

import Accounting
import NIOCore

/// By which kind of socket a connection came.
public enum Door: Hashable, Sendable {
    /// Every caller's, `rpc`.
    case callers
    /// Those of a container, say: the socket `rpc-NAME`.
    case named(String)
    /// That of administrators.
    case administrators

    /// The socket's name, as the service manager hands it over.
    public var name: String {
        switch self {
        case .callers: "rpc"
        case .named(let name): "rpc-\(name)"
        case .administrators: "admin"
        }
    }

    /// How many sockets `rpc-NAME` there may be.
    public static let mostNamed = 16

    /// Whether a socket `rpc-NAME` can have this name: 1 to 32 of a to z, 0 to 9 and `-`.
    public static func isName(_ name: String) -> Bool {
        1...32 ~= name.utf8.count
            && name.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || byte == UInt8(ascii: "-")
            }
    }
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

/// What the service has found out about a connection, kept with it so that it need not be found out for each request.
public struct ServiceNote: Hashable, Sendable {
    /// What the caller may do.
    public enum Standing: Hashable, Sendable {
        /// Everything that its socket allows.
        case unrestricted
        /// What a rule allows, by the rule's place in the service's list.
        case rule(at: Int)
        /// Nothing.
        case refused
    }

    /// By which the service knows whether it still holds; 0 before anything was found out.
    public var generation: UInt32 = 0
    /// What the caller may do.
    public var standing = Standing.refused
    /// By which rule its requests are accounted now; that by which it was accepted is in its principal.
    public var rule = RuleIndex.none

    /// Nothing yet.
    public init() {}
}

/// An open connection, for those who want to know who is there.
public struct ConnectionFigures: Sendable {
    /// Its number.
    public let number: UInt64
    /// Who is at the other end.
    public let caller: Caller
    /// The socket that it came by.
    public let door: Door
    /// Whose part of each bound it takes.
    public let principal: Principal
    /// What the service has found out about it.
    public let note: ServiceNote
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

import JSONRPCServer

/// Whom a rule is for.
///
/// On the socket `rpc` it is for callers by their users and groups. On a socket `rpc-NAME` it is for callers only if it names that
/// socket, because in a container users mean something else, or can be forged; a uid or gid is one more condition there.
public struct RuleMatch: Hashable, Sendable {
    /// A condition on the user or the groups of a caller.
    public enum Condition: Hashable, Sendable, CustomStringConvertible {
        case user(String, uid: UInt32)
        case group(String, gid: UInt32)
        case uid(UInt32)
        case gid(UInt32)

        /// As it is written in the configuration.
        public var description: String {
            switch self {
            case .user(let name, _): "user:\(name)"
            case .group(let name, _): "group:\(name)"
            case .uid(let uid): "uid:\(uid)"
            case .gid(let gid): "gid:\(gid)"
            }
        }

        fileprivate func holds(for caller: Caller) -> Bool {
            switch self {
            case .user(_, let uid), .uid(let uid): caller.uid == uid
            case .group(_, let gid), .gid(let gid): caller.gid == gid || caller.groups.contains(gid)
            }
        }
    }

    /// How many conditions and sockets a rule may have.
    public static let most = 100

    /// The sockets `rpc-NAME` that it names; without any it is for `rpc`.
    public let sockets: [String]
    /// One that holds suffices; without any, a socket is named.
    public let conditions: [Condition]

    /// Puts a match together.
    /// - Precondition: There is a socket or a condition; with a socket, all conditions are of uids and gids.
    public init(sockets: [String], conditions: [Condition]) {
        precondition(!sockets.isEmpty || !conditions.isEmpty, "a match of nothing")
        self.sockets = sockets
        self.conditions = conditions
    }

    /// Why it is for a caller, such as `socket:web and uid:1000`; nil if it is not.
    public func reason(for caller: Caller, at door: Door) -> String? {
        let condition = conditions.first { $0.holds(for: caller) }
        switch door {
        case .administrators: return nil
        case .callers: return sockets.isEmpty ? condition?.description : nil
        case .named(let name):
            guard sockets.contains(name), conditions.isEmpty || condition != nil else { return nil }
            return "socket:\(name)" + (condition.map { " and \($0)" } ?? "")
        }
    }
}

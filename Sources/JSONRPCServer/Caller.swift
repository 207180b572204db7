import Glibc

/// Who is at the other end of a connection, as the kernel knew it when the connection was made.
public struct Caller: Hashable, Sendable {
    /// The effective user.
    public let uid: UInt32
    /// The effective group.
    public let gid: UInt32
    /// The supplementary groups.
    public let groups: [UInt32]
    /// The process that made the connection, for people to look at: another one may have its number by now. 0 if it is not known.
    public let pid: UInt32

    /// Describes a caller.
    public init(uid: UInt32, gid: UInt32, groups: [UInt32], pid: UInt32 = 0) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.pid = pid
    }

    /// Asks the kernel who made the connection (SO_PEERCRED, SO_PEERGROUPS); nil if it cannot say.
    public init?(socket: CInt) {
        // struct ucred, which Glibc's module does not show: pid, uid, gid.
        guard let credentials = Self.option(SO_PEERCRED, of: socket, capacity: 3), credentials.count == 3,
            let groups = Self.groups(of: socket)
        else { return nil }
        self.init(uid: credentials[1], gid: credentials[2], groups: groups, pid: credentials[0])
    }

    private static func groups(of socket: CInt) -> [UInt32]? {
        // 65536 is the most that Linux allows (NGROUPS_MAX).
        option(SO_PEERGROUPS, of: socket, capacity: 64) ?? option(SO_PEERGROUPS, of: socket, capacity: 65536)
    }

    private static func option(_ name: CInt, of socket: CInt, capacity: Int) -> [UInt32]? {
        var words = [UInt32](repeating: 0, count: capacity)
        var length = socklen_t(capacity * MemoryLayout<UInt32>.stride)
        // A C function: it writes no more than `length` bytes, and returns there how many.
        guard unsafe getsockopt(socket, SOL_SOCKET, name, &words, &length) == 0 else { return nil }
        return Array(words.prefix(Int(length) / MemoryLayout<UInt32>.stride))
    }
}

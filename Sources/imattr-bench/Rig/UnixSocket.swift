import Glibc

/// Plain, blocking connections to Unix sockets.
enum UnixSocket {
    /// A connection to the socket at `path`; nil if there is none to be had at present.
    static func connect(to path: String, flags: UInt32 = 0) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | flags), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        if isConnected { return descriptor }
        close(descriptor)
        return nil
    }

    /// The same for a connection that belongs to the user `uid`, or to us, and never waits for a place in a full
    /// backlog.
    static func connect(to path: String, as uid: uid_t?) -> Int32? {
        withUser(uid) { connect(to: path, flags: SOCK_NONBLOCK.rawValue) }
    }

    /// Does `body` as the user `uid`, if there is one: connections that it makes belong to this user.
    ///
    /// Only root can do that. The whole process is this user for the time, so do nothing else meanwhile that needs to
    /// be root. It concerns all threads, so that it takes long.
    static func withUser<Result>(_ uid: uid_t?, _ body: () -> Result?) -> Result? {
        guard let uid, uid != geteuid() else { return body() }
        guard seteuid(uid) == 0 else { return nil }
        defer { seteuid(0) }
        return body()
    }

    static func acceptsConnections(_ path: String) -> Bool {
        guard let descriptor = connect(to: path) else { return false }
        close(descriptor)
        return true
    }
}

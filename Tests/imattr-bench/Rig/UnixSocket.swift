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
        OtherUsers.act(as: uid) { connect(to: path, flags: SOCK_NONBLOCK.rawValue) }
    }

    static func acceptsConnections(_ path: String) -> Bool {
        guard let descriptor = connect(to: path) else { return false }
        close(descriptor)
        return true
    }
}

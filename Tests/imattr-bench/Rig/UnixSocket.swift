import Glibc

/// Plain, blocking connections to Unix sockets.
enum UnixSocket {
    /// A connection to the socket at `path`; nil if there is none to be had at present.
    static func connect(to path: String, flags: UInt32 = 0) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | flags), 0)
        guard descriptor >= 0 else { return nil }
        if withAddress(of: path, { Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    /// A socket that takes datagrams at `path`, which must be new.
    static func receiver(at path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw File.Failure(path: path, code: errno) }
        if withAddress(of: path, { bind(descriptor, $0, $1) }) == 0 { return descriptor }
        defer { close(descriptor) }
        throw File.Failure(path: path, code: errno)
    }

    private static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
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

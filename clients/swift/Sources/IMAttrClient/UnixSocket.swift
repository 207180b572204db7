import Glibc

/// Why there is no connection: the system's error number.
struct SocketError: Error {
    let errno: CInt
}

/// A socket of its own making, because a program that a caller starts at the same moment must not inherit it, and because
/// connecting to a Unix socket never takes time: it succeeds, or fails with the very error that says what to do.
enum UnixSocket {
    /// A connected stream socket that does not block and closes on exec. It is the caller's to close.
    static func connect(to path: String) throws(SocketError) -> CInt {
        var address = try address(of: path)
        let kind = CInt(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw SocketError(errno: errno) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let failure = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.connect(descriptor, address, size) == 0 ? 0 : errno
            }
        }
        guard failure == 0 else {
            close(descriptor)
            throw SocketError(errno: failure)
        }
        return descriptor
    }

    /// Whether there is something to read, or the other side has closed.
    static func hasInput(_ descriptor: CInt) -> Bool {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    private static func address(of path: String) throws(SocketError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            // One byte is for the terminating zero, which is there already.
            guard path.utf8.count < bytes.count else { return false }
            bytes.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw SocketError(errno: ENAMETOOLONG) }
        // An empty path would name nothing, and one that starts with a zero byte a socket outside the file system.
        guard !path.isEmpty, !path.utf8.contains(0) else { throw SocketError(errno: ENOENT) }
        return address
    }
}

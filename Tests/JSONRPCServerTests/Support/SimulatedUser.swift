import Glibc
import JSONRPCServer
import Synchronization

/// Users that a test needs but does not have: a client gives its socket a name with the user in it, which the server sees.
enum SimulatedUser {
    private static let lastName = Mutex(0)
    private static let prefix = "imattrd-test-uid-"

    /// Names a socket that is not connected yet.
    static func name(_ descriptor: CInt, _ uid: UInt32) throws {
        let number = lastName.withLock { last in
            last += 1
            return last
        }
        // A name that begins with NUL is in no folder.
        let name = [0] + Array("\(prefix)\(uid)-\(getpid())-\(number)".utf8)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw SystemFailure("bind") }
    }

    /// The user in the name of the socket at the other end, or else the real one.
    static func caller(at socket: CInt) -> Caller? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(socket, $0, &length) }
        }
        let header = MemoryLayout<sa_family_t>.size + 1
        guard result == 0, Int(length) > header else { return Caller(socket: socket) }
        let name = withUnsafeBytes(of: address.sun_path) { path in
            String(decoding: path[1..<(Int(length) - header + 1)], as: UTF8.self)
        }
        guard name.hasPrefix(prefix), let uid = UInt32(name.dropFirst(prefix.count).prefix { $0 != "-" }) else {
            return nil
        }
        return Caller(uid: uid, gid: uid, groups: [])
    }
}

import DaemonConfiguration
import Glibc
import NIOCore

/// A listening TCP socket on a loopback address, for metrics.
struct MetricsSocket {
    /// Why it cannot be made: one sentence for a person.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let descriptor: CInt
    /// With the port that the system has chosen, if it was to.
    let description: String

    private static let backlog: CInt = 64

    init(_ wanted: LoopbackAddress) throws(Failure) {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(CInt(wanted.address.protocol.rawValue), kind, 0)
        var yes: CInt = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        guard wanted.address.withSockAddr({ bind(socket, $0, socklen_t($1)) }) == 0,
            listen(socket, Self.backlog) == 0
        else {
            let reason = String(cString: strerror(errno))
            close(socket)
            throw Failure(description: "metricsListen: cannot listen on \(wanted): \(reason); choose another port")
        }
        descriptor = socket
        let host = wanted.description.prefix(upTo: wanted.description.lastIndex(of: ":") ?? wanted.description.endIndex)
        description = Self.port(of: socket).map { "\(host):\($0)" } ?? wanted.description
    }

    private static func port(of socket: CInt) -> Int? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard result == 0 else { return nil }
        // The port has the same place in both families.
        return withUnsafeBytes(of: address) { Int($0[2]) << 8 | Int($0[3]) }
    }
}

import Foundation
import Synchronization

/// A TCP relay that stands in front of a sandbox and sees how the client's connections end.
///
/// It reads with plain system calls, because those tell a reset and an orderly end apart whatever the timing is.
final class Relay: Sendable {
    /// How a connection ended, as the kernel told it.
    enum End: Sendable, Equatable { case reset, orderly }

    let port: Int
    /// The ends of the client's connections, as they come.
    let ends: AsyncStream<End>
    /// How many bytes the client has sent.
    var received: Int { counter.total.withLock { $0 } }
    private let counter: Counter
    private let listener: CInt

    private final class Counter: Sendable {
        let total = Mutex(0)
    }

    private init(listener: CInt, port: Int, ends: AsyncStream<End>, counter: Counter) {
        self.listener = listener
        self.port = port
        self.ends = ends
        self.counter = counter
    }

    static func start(to target: Int) throws -> Relay {
        let listener = try Self.socket()
        let bound = withLoopback(port: 0) { bind(listener, $0, $1) }
        guard bound == 0, listen(listener, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
        let (ends, continuation) = AsyncStream.makeStream(of: End.self)
        let counter = Counter()
        Thread.detachNewThread {
            while case let client = accept(listener, nil, nil), client >= 0 {
                guard let server = connected(to: target) else { break }
                Thread.detachNewThread { _ = copy(from: server, to: client) }
                Thread.detachNewThread {
                    continuation.yield(copy(from: client, to: server, counter))
                    shutdown(server, CInt(SHUT_RDWR))
                }
            }
        }
        return Relay(listener: listener, port: localPort(of: listener), ends: ends, counter: counter)
    }

    /// Ends the thread that accepts. Descriptors of connections are left to the end of the process.
    func shutDown() {
        shutdown(listener, CInt(SHUT_RDWR))
    }

    /// Passes on what comes until it ends.
    private static func copy(from source: CInt, to target: CInt, _ counter: Counter? = nil) -> End {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0 { return errno == ECONNRESET ? .reset : .orderly }
            if count == 0 { return .orderly }
            counter?.total.withLock { $0 += count }
            // Where the other side is gone, what comes is read all the same: its end is what is looked for.
            _ = send(target, buffer, count, CInt(MSG_NOSIGNAL))
        }
    }

    private static func socket() throws -> CInt {
        let descriptor = Foundation.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        return descriptor
    }

    private static func connected(to port: Int) -> CInt? {
        guard let descriptor = try? socket() else { return nil }
        return withLoopback(port: port) { connect(descriptor, $0, $1) } == 0 ? descriptor : nil
    }

    private static func localPort(of descriptor: CInt) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    private static func withLoopback(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

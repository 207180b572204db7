import Foundation
import Synchronization

/// A TCP relay in front of a sandbox that sees how the client's connections end, and can make them dead without a sign
/// of it.
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
        /// The client's sides of the connections, in the order of their making.
        let clients = Mutex<[CInt]>([])
        /// Connections before this one are reset when something is sent on them.
        let resetting = Mutex(0)
    }

    /// How many connections the client has made.
    var connections: Int { counter.clients.withLock(\.count) }

    /// Makes all connections reset when the client sends the next bytes, as after a fail-over.
    /// - Parameter newToo: Also those that are made later, until ``passOn()``.
    func resetWhatComes(newToo: Bool = false) {
        let count = newToo ? Int.max : connections
        counter.resetting.withLock { $0 = count }
    }

    /// Connections on which nothing has been sent meanwhile are whole again.
    func passOn() { counter.resetting.withLock { $0 = 0 } }

    /// Makes all connections dead without a sign of it: what the client sends on them is not acknowledged, as when
    /// packets are dropped.
    func dropPackets() throws {
        // A filter of one instruction, BPF's "return 0", which is to keep nothing of any packet.
        var instruction: UInt64 = 0x06
        for client in counter.clients.withLock({ $0 }) {
            let result = withUnsafePointer(to: &instruction) { instruction in
                var program = FilterProgram(length: 1, instructions: instruction)
                return setsockopt(
                    client, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout<FilterProgram>.size))
            }
            guard result == 0 else { throw POSIXError(.EPERM) }
        }
    }

    /// As `sock_fprog` in `linux/filter.h`; an instruction has eight bytes.
    private struct FilterProgram {
        let length: CUnsignedShort
        let instructions: UnsafePointer<UInt64>
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
        guard bound == 0, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        let (ends, continuation) = AsyncStream.makeStream(of: End.self)
        let counter = Counter()
        Thread.detachNewThread {
            while case let client = accept(listener, nil, nil), client >= 0 {
                guard let server = connected(to: target) else { break }
                let number = counter.clients.withLock { clients in
                    clients.append(client)
                    return clients.count - 1
                }
                Thread.detachNewThread {
                    _ = copy(from: server, to: client) { _ in true }
                    shutdown(client, CInt(SHUT_WR))
                }
                Thread.detachNewThread {
                    let end = copy(from: client, to: server) { bytes in
                        counter.total.withLock { $0 += bytes }
                        return counter.resetting.withLock { number >= $0 }
                    }
                    shutdown(server, CInt(SHUT_RDWR))
                    if let end { continuation.yield(end) } else { reset(client) }
                }
            }
        }
        return Relay(listener: listener, port: localPort(of: listener), ends: ends, counter: counter)
    }

    /// Ends the thread that accepts. Descriptors of connections are left to the end of the process.
    func shutDown() {
        shutdown(listener, CInt(SHUT_RDWR))
    }

    /// Passes on what comes until it ends, or until some of it is not to be passed on.
    /// - Returns: How it ended; nil if it has not.
    private static func copy(from source: CInt, to target: CInt, _ passesOn: (Int) -> Bool) -> End? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0 { return errno == ECONNRESET ? .reset : .orderly }
            if count == 0 { return .orderly }
            guard passesOn(count) else { return nil }
            // Where the other side is gone, what comes is read all the same: its end is what is looked for.
            _ = send(target, buffer, count, CInt(MSG_NOSIGNAL))
        }
    }

    private static func reset(_ descriptor: CInt) {
        var discard = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &discard, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
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

import Glibc
import IMAttrClient

/// Many requests one after the other, by the client and by a plain socket: what the client costs.
enum Loop {
    /// Nanoseconds for all of them.
    static func run(of kind: String, count: Int, _ client: IMAttrClient) async throws -> Int {
        let start = ContinuousClock.now
        if kind == "bare" {
            try bare(count)
        } else {
            for _ in 0..<count { try await client.ping() }
        }
        return Int((ContinuousClock.now - start) / .nanoseconds(1))
    }

    private struct SocketFailure: Error { let errno: CInt }

    private static func bare(_ count: Int) throws {
        let descriptor = try connect(IMAttrSocket.defaultPath())
        defer { close(descriptor) }
        let line = Array("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n".utf8)
        var buffer = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<count {
            guard write(descriptor, line, line.count) == line.count else { throw SocketFailure(errno: errno) }
            var received = 0
            repeat {
                received = read(descriptor, &buffer, buffer.count)
                guard received > 0 else { throw SocketFailure(errno: errno) }
            } while buffer[received - 1] != UInt8(ascii: "\n")
        }
    }

    private static func connect(_ path: String) throws -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let connected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        guard connected == 0 else { throw SocketFailure(errno: errno) }
        return descriptor
    }
}

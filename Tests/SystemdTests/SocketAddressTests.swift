import Glibc
import Testing

@testable import Systemd

struct SocketAddressTests {
    private func address(_ family: CInt, bindTo address: some Any) throws -> SocketAddress {
        let socket = Glibc.socket(family, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let bound = withUnsafeBytes(of: address) { bytes in
            bytes.baseAddress.map { bind(socket, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) }
        }
        try #require(bound == 0)
        return try #require(SocketAddress(of: socket))
    }

    @Test(arguments: [(UInt32(0x7F00_0001), true), (0x7F01_0203, true), (0, false)])
    func internet4(address: UInt32, isLoopback: Bool) throws {
        var bound = sockaddr_in()
        bound.sin_family = sa_family_t(AF_INET)
        bound.sin_addr.s_addr = address.bigEndian
        let found = try self.address(AF_INET, bindTo: bound)
        #expect(found.isLoopback == isLoopback)
        #expect(found.path == nil)
    }

    @Test(arguments: [(in6addr_loopback, true), (in6addr_any, false)])
    func internet6(address: in6_addr, isLoopback: Bool) throws {
        var bound = sockaddr_in6()
        bound.sin6_family = sa_family_t(AF_INET6)
        bound.sin6_addr = address
        let found = try self.address(AF_INET6, bindTo: bound)
        #expect(found.isLoopback == isLoopback)
    }

    @Test func anAbstractNameIsNoPath() throws {
        var bound = sockaddr_un()
        bound.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &bound.sun_path) { path in
            for (index, byte) in "\0imattrd-test-\(getpid())".utf8.enumerated() { path[index] = byte }
        }
        let found = try address(AF_UNIX, bindTo: bound)
        #expect(found.path == nil)
        #expect(!found.isLoopback)
    }
}

import Glibc

/// Where a socket is bound.
///
/// Unsafe, because C has no unions of addresses: one is written and read as a part of `sockaddr_storage`, which is as large and as well
/// aligned as the largest.
struct SocketAddress {
    private var storage = sockaddr_storage()

    /// nil if `socket` is none.
    init?(of socket: CInt) {
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(socket, $0, &length) }
        }
        guard result == 0 else { return nil }
    }

    /// The path of a Unix socket that has one; abstract names are none.
    var path: String? {
        guard storage.ss_family == sa_family_t(AF_UNIX) else { return nil }
        let path = read(sockaddr_un.self) { address in
            unsafe withUnsafeBytes(of: address.sun_path) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return path.hasPrefix("/") ? path : nil
    }

    /// Whether it is an address of IPv4 or IPv6 that only this machine can reach.
    var isLoopback: Bool {
        switch CInt(storage.ss_family) {
        case AF_INET: read(sockaddr_in.self) { $0.sin_addr.s_addr.bigEndian >> 24 == 127 }
        case AF_INET6:
            read(sockaddr_in6.self) { address in
                unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe $0.elementsEqual(Self.loopback6) }
            }
        default: false
        }
    }

    private static let loopback6 = [UInt8](repeating: 0, count: 15) + [1]

    private func read<Address, Result>(_ type: Address.Type, _ body: (Address) -> Result) -> Result {
        unsafe withUnsafeBytes(of: storage) { unsafe body($0.loadUnaligned(as: type)) }
    }
}

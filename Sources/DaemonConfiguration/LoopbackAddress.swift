import NIOCore

/// An address and a port of TCP that only this machine can reach.
public struct LoopbackAddress: Hashable, Sendable, CustomStringConvertible {
    /// As a socket is bound to it.
    public let address: SocketAddress
    /// `127.0.0.1:9464` or `[::1]:9464`.
    public let description: String

    /// Reads `ADDRESS:PORT`; nil if it is something else, or not a loopback address.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        let name = isBracketed ? String(host.dropFirst().dropLast()) : String(host)
        guard let address = try? SocketAddress(ipAddress: name, port: Int(port)) else { return nil }
        switch address {
        case .v4 where !isBracketed && name.hasPrefix("127."): break
        case .v6 where isBracketed && address.ipAddress == "::1": break
        case .v4, .v6, .unixDomainSocket: return nil
        }
        self.address = address
        description = text
    }
}

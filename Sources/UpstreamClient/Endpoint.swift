import Glibc

/// The server that is called: `https://HOST[:PORT]`, without a path.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A DNS name, an IPv4 address, or an IPv6 address in brackets.
    public let host: String
    /// 1…65535.
    public let port: Int

    /// The host of a region, on HTTPS's own port.
    public init(_ region: Region) {
        host = region.host
        port = 443
    }

    /// Reads `https://HOST[:PORT]`; nil if it is anything else, or has a path, a query or a user. A slash at the end is
    /// passed over.
    public init?(url: String) {
        let scheme = "https://"
        guard url.utf8.allSatisfy({ $0 < 0x80 }), url.lowercased().hasPrefix(scheme) else { return nil }
        var authority = url.dropFirst(scheme.count)
        if authority.hasSuffix("/") { authority.removeLast() }
        var port = 443
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            let digits = authority[authority.index(after: colon)...]
            guard digits.utf8.allSatisfy(\.isDigit), let number = Int(digits), (1...65535).contains(number) else {
                return nil
            }
            port = number
            authority = authority[..<colon]
        }
        guard Self.isHost(authority) else { return nil }
        host = String(authority)
        self.port = port
    }

    /// The URL, without the port if it is HTTPS's own.
    public var description: String { port == 443 ? "https://\(host)" : "https://\(host):\(port)" }

    /// The value of a request's `Host`.
    var authority: String { port == 443 ? host : "\(host):\(port)" }

    /// What is looked up or connected to.
    var address: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }

    /// The server's name in the handshake; nil for an address.
    var serverName: String? { CertificateName.isAddress(host) ? nil : host }

    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") {
            // A C function, which writes an address of the family's size.
            var address = in6_addr()
            return unsafe inet_pton(AF_INET6, String(text.dropFirst().dropLast()), &address) == 1
        }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return text.utf8.count <= 253 && labels.allSatisfy(isLabel)
    }

    /// Letters, digits and hyphens inside, at most 63 (RFC 1123).
    private static func isLabel(_ label: Substring.UTF8View.SubSequence) -> Bool {
        guard let first = label.first, let last = label.last, label.count <= 63 else { return false }
        return first.isASCIIAlphanumeric && last.isASCIIAlphanumeric
            && label.allSatisfy { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "-") }
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    var isASCIIAlphanumeric: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }

    /// What it is worth as a hexadecimal digit.
    var hexDigitValue: UInt8? {
        if isDigit { return self - UInt8(ascii: "0") }
        let letter = (self | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }
}

/// Where an app's data lives, and so which host serves its REST calls (vendor's documentation of REST APIs). A wrong
/// one shows as `ErrorCode` 60026, 70016 or 70020.
public enum Region: String, CaseIterable, Sendable {
    case china
    case singapore
    case seoul
    case tokyo
    case frankfurt
    case siliconValley = "silicon-valley"
    case jakarta

    /// The host of the region's REST calls.
    public var host: String {
        switch self {
        case .china: "console.tim.qq.com"
        case .singapore: "adminapisgp.im.qcloud.com"
        case .seoul: "adminapikr.im.qcloud.com"
        case .tokyo: "adminapijpn.im.qcloud.com"
        case .frankfurt: "adminapiger.im.qcloud.com"
        case .siliconValley: "adminapiusa.im.qcloud.com"
        case .jakarta: "adminapiidn.im.qcloud.com"
        }
    }
}

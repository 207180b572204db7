import FoundationEssentials

/// An X.509 certificate (RFC 5280) of a P-256 key, before it is signed. Valid from yesterday for a year.
struct Certificate {
    struct Party {
        var name: String
        var key: SigningKey

        /// A key's identifier by RFC 7093: the first 160 bits of its SHA-256.
        var keyIdentifier: [UInt8] { Array(SigningKey.sha256(key.point).prefix(20)) }

        /// The distinguished name: a common name alone.
        var distinguishedName: [UInt8] {
            DER.sequence(DER.set(DER.sequence(DER.objectIdentifier(2, 5, 4, 3), DER.utf8String(name))))
        }
    }

    enum Name: Equatable {
        case dns(String)
        /// 4 or 16 bytes.
        case address([UInt8])
    }

    enum Role {
        case authority
        case server(names: [Name])
    }

    var subject: Party
    var issuer: Party
    var role: Role

    /// The certificate with its issuer's signature.
    func pem() throws -> String {
        let signed = body
        let signature = try issuer.key.signature(of: signed)
        return PEM.text("CERTIFICATE", DER.sequence(signed, Self.ecdsaWithSHA256, DER.bitString(signature)))
    }

    private static let ecdsaWithSHA256 = DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 4, 3, 2))
    private static let day: TimeInterval = 86400

    private var body: [UInt8] {
        let serial = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        return DER.sequence(
            DER.tagged(0, DER.integer([2])),
            DER.integer(serial),
            Self.ecdsaWithSHA256,
            issuer.distinguishedName,
            DER.sequence(
                DER.time(Date(timeIntervalSinceNow: -Self.day)), DER.time(Date(timeIntervalSinceNow: 365 * Self.day))),
            subject.distinguishedName,
            subject.key.publicKeyInfo,
            DER.tagged(3, DER.value(tag: 0x30, extensions)))
    }

    private var extensions: [UInt8] {
        let subjectKey = Self.extension(14, DER.octetString(subject.keyIdentifier))
        let issuerKey = Self.extension(35, DER.sequence(DER.retagged(0, issuer.keyIdentifier)))
        switch role {
        case .authority:
            let isAuthority = Self.extension(19, DER.sequence(DER.true), critical: true)
            // keyCertSign and cRLSign
            let usage = Self.extension(15, DER.bitString([0b0000_0110], unusedBits: 1), critical: true)
            return isAuthority + usage + subjectKey
        case .server(let names):
            let isNoAuthority = Self.extension(19, DER.sequence(), critical: true)
            // digitalSignature
            let usage = Self.extension(15, DER.bitString([0b1000_0000], unusedBits: 7), critical: true)
            let serverAuthentication = DER.objectIdentifier(1, 3, 6, 1, 5, 5, 7, 3, 1)
            let purpose = Self.extension(37, DER.sequence(serverAuthentication))
            let alternatives = Self.extension(17, DER.value(tag: 0x30, names.flatMap(Self.generalName)))
            return isNoAuthority + usage + purpose + alternatives + subjectKey + issuerKey
        }
    }

    /// An extension of the arc `id-ce`, 2.5.29.
    private static func `extension`(_ number: UInt64, _ content: [UInt8], critical: Bool = false) -> [UInt8] {
        DER.sequence(
            DER.objectIdentifier(2, 5, 29, number), critical ? DER.true : [], DER.octetString(content))
    }

    private static func generalName(_ name: Name) -> [UInt8] {
        switch name {
        case .dns(let text): DER.retagged(2, Array(text.utf8))
        case .address(let bytes): DER.retagged(7, bytes)
        }
    }
}

/// A certificate authority made for one run, and the certificate that it gave to the server.
///
/// The authority's key is thrown away as soon as it has signed, so its certificate can be trusted for this server and
/// for nothing else.
struct ServerIdentity {
    /// The authority's certificate: what a client is to trust.
    let authorityPEM: String
    let certificatePEM: String
    let privateKeyPEM: String

    /// An identity for `localhost` and the loopback addresses, and for `host` (a name, or `address` if it is one).
    init(host: String, address: [UInt8]?) throws {
        // Each run's authority has a name of its own: two with the same name and other keys confuse those who verify.
        let run = String(UInt32.random(in: .min ... .max), radix: 16)
        let authority = Certificate.Party(name: "imattr-sandbox authority \(run)", key: try SigningKey())
        let server = Certificate.Party(name: "localhost", key: try SigningKey())
        authorityPEM = try Certificate(subject: authority, issuer: authority, role: .authority).pem()
        certificatePEM = try Certificate(
            subject: server, issuer: authority, role: .server(names: Self.names(host: host, address: address))
        ).pem()
        privateKeyPEM = server.key.pem
    }

    private static func names(host: String, address: [UInt8]?) -> [Certificate.Name] {
        let loopback: [Certificate.Name] = [
            .dns("localhost"), .address([127, 0, 0, 1]), .address([UInt8](repeating: 0, count: 15) + [1]),
        ]
        let own = address.map(Certificate.Name.address) ?? .dns(host)
        return loopback.contains(own) ? loopback : loopback + [own]
    }
}

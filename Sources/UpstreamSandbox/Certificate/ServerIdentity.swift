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

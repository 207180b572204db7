import NIOSSL

/// The authorities whose certificates the server may have, in place of the system's.
public struct TrustRoots: Hashable, Sendable {
    let certificates: [NIOSSLCertificate]

    /// Reads a text in PEM form; nil if there is no certificate in it, or one that cannot be read.
    public init?(pem: [UInt8]) {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(pem), !certificates.isEmpty else { return nil }
        self.certificates = certificates
    }
}

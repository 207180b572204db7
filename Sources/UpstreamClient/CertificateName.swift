import Glibc
import NIOCore
import NIOSSL

/// Whether a server's certificate is for the name that is called.
///
/// NIOSSL is also content with a certificate for the *address* that the connection goes to. An attacker who controls the
/// answers of our resolver can have such a certificate for another machine, so a name has to be in the certificate itself (RFC
/// 9525).
enum CertificateName {
    /// Checks a connection whose handshake is done.
    /// - Parameter host: As in ``Endpoint/host``. Addresses are left to NIOSSL.
    static func check(_ channel: any Channel, isFor host: String) throws(TransportError) {
        if isAddress(host) { return }
        let certificate = try? channel.pipeline.syncOperations.nioSSL_peerCertificate()
        // NIOSSL has no public call for the names. If this one goes, the build fails; if it returns nothing, no call to a name succeeds,
        // as in nearly all tests of UpstreamClientTests.
        let names = certificate?._subjectAlternativeNames().filter { $0.nameType == .dnsName }
        guard let names, names.contains(where: { matches(host, pattern: Array($0.contents)) }) else {
            throw .certificate("it is not for \(host)")
        }
    }

    /// Whether a name is that of a certificate, whose first label may be an asterisk for any one label.
    static func matches(_ host: String, pattern: [UInt8]) -> Bool {
        let labels = Self.labels(host.utf8)
        let expected = Self.labels(pattern)
        guard labels.count == expected.count, !expected.contains([]) else { return false }
        if expected.count >= 3, expected[0] == [UInt8(ascii: "*")] { return labels.dropFirst() == expected.dropFirst() }
        return labels == expected
    }

    private static func labels(_ name: some Collection<UInt8>) -> [[UInt8]] {
        name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { label in
            label.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        }
    }

    static func isAddress(_ host: String) -> Bool {
        var address = in_addr()
        if host.hasPrefix("[") { return true }
        // A C function, which writes an address of the family's size.
        return unsafe inet_pton(AF_INET, host, &address) == 1
    }
}

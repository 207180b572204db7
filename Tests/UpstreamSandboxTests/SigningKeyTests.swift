import NIOSSL
import Testing

@testable import UpstreamSandbox

/// The keys of the sandbox's certificates. That clients accept the certificates is shown by every test that calls the sandbox.
@Suite struct SigningKeyTests {
    /// One key in 256 has a zero at the beginning, which must not be left out.
    @Test func `servers read every private key`() throws {
        for _ in 0..<600 {
            let pem = try SigningKey().pem
            #expect(throws: Never.self) { try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem) }
        }
    }

    /// FIPS 180-2, appendix B.1.
    @Test func `SHA-256 is that of the standard`() {
        let digest = SigningKey.sha256(Array("abc".utf8))
        #expect(digest.prefix(4) == [0xBA, 0x78, 0x16, 0xBF] && digest.suffix(4) == [0xF2, 0x00, 0x15, 0xAD])
    }
}

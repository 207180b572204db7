import FoundationEssentials
import Testing

@testable import UpstreamSandbox

/// Values from X.690 and RFC 5280; that whole certificates are good is what every connection of these tests verifies.
@Suite struct DERTests {
    @Test func lengths() {
        #expect(DER.octetString([1]) == [0x04, 0x01, 0x01])
        #expect(DER.octetString([UInt8](repeating: 0, count: 127)).prefix(2) == [0x04, 0x7F])
        #expect(DER.octetString([UInt8](repeating: 0, count: 128)).prefix(3) == [0x04, 0x81, 0x80])
        #expect(DER.octetString([UInt8](repeating: 0, count: 256)).prefix(4) == [0x04, 0x82, 0x01, 0x00])
    }

    @Test func integers() {
        #expect(DER.integer([0]) == [0x02, 0x01, 0x00])
        #expect(DER.integer([0, 0x7F]) == [0x02, 0x01, 0x7F])
        #expect(DER.integer([0x80]) == [0x02, 0x02, 0x00, 0x80])
    }

    @Test func objectIdentifiers() {
        #expect(DER.objectIdentifier(1, 2, 840, 113549) == [0x06, 0x06, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D])
        #expect(DER.objectIdentifier(2, 5, 4, 3) == [0x06, 0x03, 0x55, 0x04, 0x03])
    }

    @Test func times() {
        let utc = DER.time(Date(timeIntervalSince1970: 1_700_000_000.9))
        #expect(String(decoding: utc.dropFirst(2), as: UTF8.self) == "231114221320Z")
        #expect(utc.first == 0x17)
        let general = DER.time(Date(timeIntervalSince1970: 2_524_608_000))
        #expect(String(decoding: general.dropFirst(2), as: UTF8.self) == "20500101000000Z")
        #expect(general.first == 0x18)
    }
}

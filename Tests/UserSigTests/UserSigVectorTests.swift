import FoundationEssentials
import Testing

@testable import UserSig

/// Signatures known beforehand. They are compared by what was signed, since the same statement may be compressed in
/// many ways.
@Suite struct UserSigVectorTests {
    struct Vector: Sendable {
        var key: String
        var sdkAppID: UInt64
        var identifier: String
        var validFor: Int64
        var issuedAt: Int64
        var signature: String
        var json: String
    }

    static let vectors = [
        Vector(
            key: "FAKE-TEST-KEY-not-a-real-secret-0001", sdkAppID: 1_400_000_001, identifier: "admin",
            validFor: 86400, issuedAt: 1_700_000_000,
            signature: "eLMsmlfEBHxvwpzB2KWXHyvbYsMWCfeMyA5D4fGGJ84=",
            json: """
                {"TLS.ver":"2.0","TLS.identifier":"admin","TLS.sdkappid":1400000001,"TLS.expire":86400,\
                "TLS.time":1700000000,"TLS.sig":"eLMsmlfEBHxvwpzB2KWXHyvbYsMWCfeMyA5D4fGGJ84="}
                """),
        Vector(
            key: "fake-key-three-DO-NOT-USE", sdkAppID: 4_294_967_295, identifier: "管理员-测试",
            validFor: 604800, issuedAt: 1_800_000_000,
            signature: "6JykVwY040jmoLIciFhQxSM7VkR21O5Rryeu/qFlwj8=",
            json: """
                {"TLS.ver":"2.0","TLS.identifier":"管理员-测试","TLS.sdkappid":4294967295,"TLS.expire":604800,\
                "TLS.time":1800000000,"TLS.sig":"6JykVwY040jmoLIciFhQxSM7VkR21O5Rryeu/qFlwj8="}
                """),
    ]

    @Test(arguments: vectors) func knownSignature(_ vector: Vector) throws {
        let signer = UserSigSigner(sdkAppID: vector.sdkAppID, key: SecretKey(vector.key))
        let userSig = signer.sign(
            identifier: vector.identifier, issuedAt: vector.issuedAt, validFor: vector.validFor)

        let stream = try #require(TicketBase64.decode(userSig.text))
        let json = try #require(ZlibStream.inflate(stream, limit: 4096))
        #expect(String(decoding: json, as: UTF8.self) == vector.json)
        #expect(userSig.expiresAt == vector.issuedAt + vector.validFor)

        let verifier = UserSigVerifier(sdkAppID: vector.sdkAppID, key: SecretKey(vector.key))
        try verifier.verify(userSig.text, identifier: vector.identifier, now: vector.issuedAt)
    }

    @Test func onlyCharactersThatNeedNoEscaping() {
        let signer = UserSigSigner(sdkAppID: 1_400_000_001, key: SecretKey("some key"))
        for issuedAt in Int64(0)..<200 {
            let text = signer.sign(identifier: "admin", issuedAt: issuedAt, validFor: 60).text
            #expect(
                text.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                })
        }
    }
}

import Testing

@testable import UserSig

@Suite struct UserSigVerifierTests {
    let key = SecretKey("made-up-key")
    let verifier = UserSigVerifier(sdkAppID: 1_400_000_001, key: SecretKey("made-up-key"))

    func sign(_ identifier: String = "admin", app: UInt64 = 1_400_000_001, key: SecretKey? = nil) -> String {
        UserSigSigner(sdkAppID: app, key: key ?? self.key)
            .sign(identifier: identifier, issuedAt: 1000, validFor: 60).text
    }

    func packed(_ json: String) -> String {
        TicketBase64.encode(ZlibStream.compress(Array(json.utf8)))
    }

    @Test(arguments: [
        "admin", "", "a \"quoted\" \\ name", "tab\t, line\n, null\u{0}, escape\u{1B}, delete\u{7F}", "管理员-测试 🦊",
        "e\u{301}",
        "\u{2028}\u{85}", "\r\n", "TLS.identifier:x\nTLS.sdkappid:1\n",
    ]) func roundTrip(identifier: String) throws {
        try verifier.verify(sign(identifier), identifier: identifier, now: 1030)
    }

    @Test func validToItsLastSecondAndNoLonger() throws {
        try verifier.verify(sign(), identifier: "admin", now: 1060)
        #expect(throws: UserSigError.expired) { try verifier.verify(sign(), identifier: "admin", now: 1061) }
    }

    @Test func wrongKey() {
        let other = sign(key: SecretKey("another-key"))
        #expect(throws: UserSigError.wrongKey) { try verifier.verify(other, identifier: "admin", now: 1000) }
    }

    @Test func wrongApp() {
        #expect(throws: UserSigError.wrongApp) {
            try verifier.verify(sign(app: 1_400_000_002), identifier: "admin", now: 1000)
        }
    }

    @Test func identifiersAreBytes() {
        #expect(throws: UserSigError.wrongIdentifier) {
            try verifier.verify(sign("é"), identifier: "e\u{301}", now: 1000)
        }
        #expect(throws: UserSigError.wrongIdentifier) {
            try verifier.verify(sign("admin"), identifier: "Admin", now: 1000)
        }
    }

    @Test func theFirstReasonIsGiven() {
        #expect(throws: UserSigError.wrongKey) {
            try verifier.verify(sign("x", app: 7, key: SecretKey("k")), identifier: "admin", now: .max)
        }
        #expect(throws: UserSigError.wrongApp) {
            try verifier.verify(sign("x", app: 7), identifier: "admin", now: .max)
        }
        #expect(throws: UserSigError.wrongIdentifier) { try verifier.verify(sign("x"), identifier: "admin", now: .max) }
    }

    @Test func changedAfterSigning() throws {
        let statement = Statement(identifier: "admin", sdkAppID: 1_400_000_001, issuedAt: 1000, validFor: 60)
        let longer = Statement(identifier: "admin", sdkAppID: 1_400_000_001, issuedAt: 1000, validFor: 6000)
        let forged = packed(longer.json(signature: statement.signature(key: key)))
        #expect(throws: UserSigError.wrongKey) { try verifier.verify(forged, identifier: "admin", now: 1000) }
    }

    @Test func undecodable() {
        let good = sign()
        let texts = [
            "", "_", "not base64!", String(good.dropLast(5)), good + "AAAA", "AAAA" + good,
            "+" + good.dropFirst(), "/" + good.dropFirst(), good.replacing("_", with: "="),
            packed(""), packed("{}"), packed("[]"), packed("\"TLS.ver\""),
            packed(
                """
                {"TLS.ver":"1.0","TLS.identifier":"admin","TLS.sdkappid":1,"TLS.expire":1,"TLS.time":1,"TLS.sig":""}
                """),
            packed(
                """
                {"TLS.ver":"2.0","TLS.identifier":"admin","TLS.sdkappid":1,"TLS.expire":1,\
                "TLS.time":9223372036854775807,"TLS.sig":""}
                """),
        ]
        for text in texts where text != good {
            #expect(throws: UserSigError.undecodable, "\(text)") {
                try verifier.verify(text, identifier: "admin", now: 1000)
            }
        }
    }

    @Test func decompressionBombIsUndecodable() {
        let bomb = TicketBase64.encode(ZlibStream.compress([UInt8](repeating: UInt8(ascii: " "), count: 50_000_000)))
        #expect(bomb.utf8.count < 100_000)
        #expect(throws: UserSigError.undecodable) { try verifier.verify(bomb, identifier: "admin", now: 1000) }
    }

    @Test func storedBlocksAreAccepted() throws {
        let statement = Statement(identifier: "admin", sdkAppID: 1_400_000_001, issuedAt: 1000, validFor: 60)
        let json = Array(statement.json(signature: statement.signature(key: key)).utf8)
        let text = TicketBase64.encode(storedBlock(json))
        try verifier.verify(text, identifier: "admin", now: 1000)
    }

    /// A zlib stream of one stored block, written by hand from RFC 1950 and RFC 1951.
    private func storedBlock(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt16(bytes.count)
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        let lengths = [count, ~count].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let checksum = [UInt8(b >> 8), UInt8(b & 0xFF), UInt8(a >> 8), UInt8(a & 0xFF)]
        return [0x78, 0x01, 0x01] + lengths + bytes + checksum
    }
}

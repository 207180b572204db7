import AttributeValues
import Testing
import UserSig

@testable import UpstreamClient

@Suite("UserSigs of the signer") struct SignerSignatureTests {
    private var store = SignatureStore(.signer(path: "/s"), sdkAppID: 1_400_000_001, admin: "admin", lifetime: 900)

    private func second(_ number: Int64) -> Moment { Moment(nanoseconds: number * 1_000_000_000) }

    private func issued(
        _ text: String, at: Int64, until: Int64, app: UInt64 = 1_400_000_001, admin: String = "admin"
    ) -> SignerAnswer {
        .issued(
            IssuedSignature(
                signature: UserSig(text: text, expiresAt: until), issuedAt: at, sdkAppID: app, admin: admin))
    }

    @Test mutating func withoutOneNoCallIsSigned() {
        #expect(store.signedUntil == .distantPast)
        #expect(store.signature(at: 1000, moment: second(5)) == nil)
        #expect(store.condition(at: second(5)) == .fine)
        #expect(store.expiresAt == nil)
    }

    @Test mutating func oneIsUsedUntilItExpiresAndTheNextIsWantedAtHalf() {
        // It is 7 s old already.
        let outcome = store.take(issued("one", at: 1000, until: 1900), at: 1007, moment: second(50))
        #expect(outcome == .taken(next: .seconds(443)))
        #expect(store.signedUntil == second(943))
        #expect(store.signature(at: 1800, moment: second(900))?.text == "one")
        #expect(store.expiresAt == 1900)
        #expect(store.signerLifetime == 900)
    }

    @Test mutating func signerThatIsAwayMattersFromHalfOn() {
        _ = store.take(issued("one", at: 1000, until: 1900), at: 1000, moment: second(50))
        store.failed(.away("gone"))
        #expect(store.condition(at: second(499)) == .fine)
        #expect(store.condition(at: second(500)) == .failing(.away("gone")))
        #expect(store.signedUntil == second(950))
        _ = store.take(issued("two", at: 1500, until: 2400), at: 1500, moment: second(550))
        #expect(store.condition(at: second(550)) == .fine)
        #expect(store.signature(at: 1500, moment: second(550))?.text == "two")
    }

    @Test mutating func signerThatWasNeverThereMattersAtOnce() {
        store.failed(.away("gone"))
        #expect(store.condition(at: second(1)) == .failing(.away("gone")))
        let outcome = store.take(.refused(isMisconfigured: true, message: "no key"), at: 1000, moment: second(1))
        #expect(outcome == .refused(.unusable("no key")))
        #expect(store.condition(at: second(1)) == .failing(.unusable("no key")))
    }

    @Test mutating func oneThatWasRefusedIsNotUsedAgain() {
        _ = store.take(issued("one", at: 1000, until: 1900), at: 1000, moment: second(50))
        store.discard()
        #expect(store.signedUntil == .distantPast)
        #expect(store.expiresAt == nil)
        _ = store.take(issued("two", at: 1010, until: 1910), at: 1010, moment: second(60))
        #expect(store.signedUntil == second(960))
    }

    @Test(arguments: [(UInt64(1_400_000_002), "admin"), (1_400_000_001, "another")])
    mutating func oneForAnotherAppOrAccountIsNeverUsed(_ app: UInt64, _ admin: String) {
        let answer = issued("one", at: 1000, until: 1900, app: app, admin: admin)
        guard case .refused(.unusable(let text)) = store.take(answer, at: 1000, moment: second(50)) else {
            return #expect(Bool(false), "it was taken")
        }
        #expect(text.contains("\(app)") && text.contains(admin) && text.contains("restart imattrd-signer"))
        #expect(store.signedUntil == .distantPast)
        #expect(store.signature(at: 1000, moment: second(50)) == nil)
    }

    @Test mutating func theyAreSecretsAndTheKeyIsNotKnown() {
        _ = store.take(issued("a-signature-of-the-signer", at: 1000, until: 1900), at: 1000, moment: second(50))
        #expect(store.redactor.redact("x a-signature-of-the-signer y") == "x <redacted> y")
    }

    @Test mutating func keyThatComesOrGoesChangesTheSource() {
        store.use(.key(SecretKey("a made-up key")), lifetime: 100)
        #expect(store.signedUntil == .distantFuture)
        #expect(store.signature(at: 1000, moment: second(50))?.expiresAt == 1100)
        store.use(.signer(path: "/s"), lifetime: 100)
        #expect(store.signedUntil == .distantPast)
    }
}

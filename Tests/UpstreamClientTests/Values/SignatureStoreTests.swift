import AttributeValues
import Testing
import UserSig

@testable import UpstreamClient

@Suite struct SignatureStoreTests {
    private var store = SignatureStore(
        .key(SecretKey("a made-up key")), sdkAppID: 1_400_000_001, admin: "admin", lifetime: 100)

    @Test mutating func signatureIsKeptForHalfOfItsLife() {
        #expect(store.expiresAt == nil)
        let first = store.signature(at: 1000)
        #expect(store.expiresAt == 1100)
        #expect(store.signature(at: 1000) == first)
        #expect(store.signature(at: 1049) == first)
        let second = store.signature(at: 1050)
        #expect(second != first)
        #expect(second.expiresAt == 1150)
    }

    @Test mutating func clockThatWentBackMakesANewOne() {
        let first = store.signature(at: 1000)
        let second = store.signature(at: 999)
        #expect(second != first)
        #expect(second.expiresAt == 1099)
        #expect(store.signature(at: 1000) == second)
    }

    @Test mutating func timeThatDoesNotShowInTheTimeOfDayCountsToo() {
        let first = store.signature(at: 1000, moment: Moment(nanoseconds: 7))
        #expect(store.signature(at: 1001, moment: Moment(nanoseconds: 50_000_000_006)) == first)
        // The time of day was set back meanwhile.
        #expect(store.signature(at: 1001, moment: Moment(nanoseconds: 50_000_000_007)) != first)
    }

    @Test mutating func discardedOneIsReplaced() {
        _ = store.signature(at: 1000)
        store.discard()
        #expect(store.expiresAt == nil)
        #expect(store.signature(at: 1001).expiresAt == 1101)
    }

    @Test mutating func anotherKeyMakesANewOneAndForgetsNoSecret() {
        let first = store.signature(at: 1000)
        store.use(.key(SecretKey("another made-up key")), lifetime: 200)
        let second = store.signature(at: 1000)
        #expect(second != first)
        #expect(second.expiresAt == 1200)
        for secret in [first.text, second.text, "a made-up key", "another made-up key"] {
            #expect(store.redactor.redact(secret) == "<redacted>")
        }
    }

    /// While upstream refuses each one as expired, those of the calls on the wire are still known.
    @Test mutating func lastOnesStaySecret() {
        let signatures = (Int64(1000)..<1016).map { second in
            store.discard()
            _ = store.signature(at: second)
            store.discard()
            return store.signature(at: second)
        }
        for signature in signatures { #expect(store.redactor.redact(signature.text) == "<redacted>") }
        #expect(store.redactor.redact("a made-up key") == "<redacted>")
    }
}

extension SignatureStore {
    /// Both clocks agree.
    fileprivate mutating func signature(at now: Int64) -> UserSig {
        guard let signature = signature(at: now, moment: Moment(nanoseconds: now * 1_000_000_000)) else {
            fatalError("a store with a key makes a UserSig each time")
        }
        return signature
    }
}

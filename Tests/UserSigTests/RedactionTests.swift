import Testing
import UserSig

/// Secrets must not come out by accident, whichever way they are printed.
@Suite struct RedactionTests {
    private struct Holder {
        var key = SecretKey("the-secret-text")
        var userSig = UserSig(text: "the-secret-text", expiresAt: 1)
        var optional: SecretKey? = SecretKey("the-secret-text")
        var signer = UserSigSigner(sdkAppID: 1, key: SecretKey("the-secret-text"))
        var verifier = UserSigVerifier(sdkAppID: 1, key: SecretKey("the-secret-text"))
    }

    private func everyForm(_ value: Any) -> String {
        var dumped = ""
        dump(value, to: &dumped)
        return String(describing: value) + String(reflecting: value) + "\(value)" + dumped
    }

    @Test func nothingPrintsASecret() {
        let secretBytes = "\(Array("the-secret-text".utf8))".dropFirst().dropLast()
        for value: Any in [
            SecretKey("the-secret-text"), UserSig(text: "the-secret-text", expiresAt: 1), Holder(), [Holder()],
        ] {
            let text = everyForm(value)
            #expect(!text.contains("secret-text"))
            #expect(!text.contains(secretBytes))
            #expect(text.contains("<redacted>"))
        }
    }

    @Test func equality() {
        #expect(SecretKey("a") == SecretKey("a"))
        #expect(SecretKey("a") != SecretKey("b"))
    }
}

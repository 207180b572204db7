import Testing

@testable import DaemonConfiguration

@Suite struct SecretKeyFaultTests {
    @Test(arguments: [
        "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e", "made-up-key",
        "a made-up key".split(separator: " ").joined(),
        "bWFkZS11cA==", "bWFkZS11cA=", "a", "x=", "管理",
    ])
    func isAKey(_ text: String) { #expect(SecretKeyFault.of(Array(text.utf8)) == nil) }

    @Test(arguments: [
        ("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----", SecretKeyFault.pem),
        ("SECRET_KEY=5bd2850fff3ecb11", .named), ("secretKey: 5bd2850fff3ecb11", .named), ("key=\"5bd2850\"", .named),
        ("export KEY=5bd2850fff3ecb11", .named), ("\"key\":\"5bd2850\"", .named),
        ("\"5bd2850fff3ecb11\"", .quoted), ("'5bd2850fff3ecb11'", .quoted), ("`5bd2850fff3ecb11", .quoted),
        ("\u{201C}5bd2850fff3ecb11\u{201D}", .quoted), ("5bd2850fff3ecb11\u{2019}", .quoted),
        ("5bd2850\u{0}fff3ecb11", .zeroByte), ("5bd2850fff3ecb11\u{A0}", .invisible("no-break space (U+00A0)")),
        ("\u{200B}5bd2850fff3ecb11", .invisible("zero-width space (U+200B)")),
        ("5bd2850\u{2060}fff3ecb11", .invisible("word joiner (U+2060)")),
        ("5bd2850\u{FEFF}fff3ecb11", .invisible("byte order mark (U+FEFF) inside")),
        ("5bd2850 fff3ecb11", .whiteSpace), ("5bd2850\nfff3ecb11", .whiteSpace),
        (
            String(repeating: "k6iUCUh0RJCQyvL8k8q1UyAAAAABAAAADAAAABAAAAC1lFmbWAqZ8dCCQkAAAAAAA\n", count: 3),
            .encrypted
        ),
    ])
    func isNamed(_ text: String, _ fault: SecretKeyFault) {
        #expect(SecretKeyFault.of(Array(text.utf8)) == fault)
        #expect(!fault.description.contains("5bd2850"))
    }
}

import Testing

@testable import UpstreamClient

@Suite struct RedactorTests {
    static let signature =
        "eJwtzE0LgkAYhdH-Mtuwd75nBFctFKGgDxDazeRUL*mY0wdR9N9Dc3kuh-shVbk9BP8iKRE5kHg**1vz5BO_Rrzc8WKjwNxoC1Sn2oSRR_"
    static let key = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
    private let redactor = Redactor(secrets: [key, signature, "short%41"])

    private static func percentEncoded(_ text: String, uppercase: Bool) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: uppercase) }.joined()
    }

    @Test func textWithoutSecretsStays() {
        let text = "Fail to decode: 100% of \u{1F600} usersi=1, user sig=2, 5bd2850fff3ecb1"
        #expect(redactor.redact(text) == text)
        #expect(redactor.redact("") == "")
    }

    @Test(arguments: [signature, key, "short%41"])
    func wholeSecretIsTakenOut(secret: String) {
        #expect(redactor.redact("<\(secret)> \(secret)\(secret)") == "<<redacted>> <redacted><redacted>")
    }

    @Test(arguments: [signature, key])
    func partOfSecretIsTakenOut(secret: String) {
        for start in 0...secret.count - 16 {
            let part = secret.dropFirst(start).prefix(16)
            #expect(redactor.redact("é\(part)!") == "é<redacted>!")
            #expect(redactor.redact("\(secret.dropFirst(start))") == "<redacted>")
        }
    }

    @Test(arguments: [true, false])
    func percentEncodedSecretIsTakenOut(uppercase: Bool) {
        let once = Self.percentEncoded(Self.signature, uppercase: uppercase)
        let twice = once.replacing("%", with: "%25")
        #expect(redactor.redact("a=\(once)&b") == "a=<redacted>&b")
        #expect(redactor.redact("a=\(twice)&b") == "a=<redacted>&b")
        #expect(redactor.redact(once.dropFirst(3 * 10).prefix(3 * 20) + ".") == "<redacted>.")
        let mixed = Self.signature.replacing("*", with: "%2a").replacing("-", with: "%2D").replacing("_", with: "%255f")
        #expect(redactor.redact("a \(mixed) b") == "a <redacted> b")
    }

    @Test(arguments: [
        ("usersig=eJw&x", "usersig=<redacted>&x"), ("UserSig=eJw x", "UserSig=<redacted> x"),
        ("?USERSIG=a*b-c_d%2A.~+/=&identifier=b", "?USERSIG=<redacted>&identifier=b"),
        ("usersig=", "usersig=<redacted>"),
        ("usersig=\"eJw\" x", "usersig=\"<redacted>\" x"), ("usersig=\\\"eJw\\\"", "usersig=\\\"<redacted>\""),
        ("usersig=<b>", "usersig=<redacted><b>"), ("u=x%3Fusersig%3DeJw%26a", "u=x%3Fusersig%3D<redacted>"),
        ("usersig=usersig=eJw", "usersig=<redacted>"), ("usersig=密 b", "usersig=<redacted> b"),
    ])
    func valueOfTheParameterIsTakenOut(text: String, expected: String) {
        #expect(redactor.redact(text) == expected)
    }

    @Test func textIsCutBetweenScalars() {
        for filler in 500...512 {
            let text = String(repeating: "x", count: filler) + String(repeating: "\u{1F600}", count: 10)
            let cut = redactor.redact(text)
            #expect((509...512).contains(cut.utf8.count))
            #expect(text.hasPrefix(cut))
        }
        #expect(redactor.redact(String(repeating: "y", count: 512)).utf8.count == 512)
        #expect(redactor.redact(String(repeating: "y", count: 513)).utf8.count == 512)
    }

    /// A secret across the place of the cut is taken out before the cut.
    @Test func secretAtTheCutIsTakenOut() {
        for filler in 480...512 {
            let cut = redactor.redact(String(repeating: "x", count: filler) + Self.signature)
            #expect(!cut.contains(Self.signature.prefix(8)))
        }
    }

    /// Work that grew with the square of the length would take hours here.
    @Test(arguments: [
        "usersig=", "usersig", "%25", "%", "a", "usersig=\"", "\u{0}", signature, String(key.prefix(15)) + "x",
    ])
    func hostileTextOfAMebibyteIsNoWork(unit: String) {
        let text = String(repeating: unit, count: (1 << 20) / unit.utf8.count)
        #expect(redactor.redact(text).utf8.count <= 512)
    }

    @Test func noSecretsIsFine() {
        #expect(Redactor(secrets: ["", ""]).redact("a b") == "a b")
    }
}

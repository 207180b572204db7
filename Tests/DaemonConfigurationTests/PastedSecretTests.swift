import Testing

@testable import DaemonConfiguration

/// A secret key that was written where something else belongs is in nothing that is printed.
@Suite struct PastedSecretTests {
    private typealias Reading = ConfigurationReading

    /// As the provider makes them; in base64 with slashes; as an absolute path; in groups; a private key; a password in a URL.
    static let secrets = [
        "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY+/==",
        "/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY+==",
        "5bd2850f ff3ecb11 d7c80525 1c51ee46 3a25727b ddc2385f",
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----",
        "https://user:pa55word@a.example", "https://a.example/?usersig=eJwtzE0L",
    ]

    /// Everything that is printed or answered of a configuration.
    private func told(_ configuration: ReadConfiguration) -> String {
        (configuration.allProblems + configuration.values.map { "\($0.text) \($0.origin)" }).joined(separator: "\n")
    }

    /// No eight characters of it in a row.
    private func isIn(_ text: String, _ secret: String) -> Bool {
        let hidden = secret.contains("://") ? String(secret.dropFirst(16)) : secret
        let characters = Array(hidden.split(separator: "\n").max { $0.count < $1.count } ?? "")
        return (0...max(0, characters.count - 8)).contains { text.contains(String(characters[$0...].prefix(8))) }
    }

    private func quoted(_ text: String) -> String {
        "\"" + text.split(separator: "\n").joined(separator: "\\n") + "\""
    }

    @Test(arguments: ConfigurationKey.allCases, secrets)
    func valueOfAKey(key: ConfigurationKey, secret: String) {
        let flags = Reading.required.filter { $0.key != key }
        for configuration in [
            Reading.read(flags: flags.merging([key: secret]) { $1 }),
            Reading.read(flags: flags, environment: [key.environmentVariable: secret]),
            Reading.read(flags: flags, yaml: "\(key.rawValue): \(quoted(secret))"),
            Reading.read(flags: flags, yaml: "\(key.rawValue): [\(quoted(secret))]"),
            Reading.read(flags: flags, yaml: "\(key.rawValue): [[\(quoted(secret))]]"),
            Reading.read(flags: flags, yaml: "\(key.rawValue): {\(quoted(secret)): 1}"),
        ] {
            #expect(!isIn(told(configuration), secret), "\(told(configuration))")
        }
    }

    @Test(arguments: secrets)
    func elsewhere(secret: String) {
        let lines = [
            "secretKey: \(quoted(secret))", "\(quoted(secret)): 1", "\(quoted(secret)): 1\n\(quoted(secret)): 2",
            "\(quoted(secret)): {a: 1}", "\(quoted(secret)): [[1]]", quoted(secret), "- \(quoted(secret))",
            "secretKeyFile:\(secret)", "secretKeyFile=\(secret)", "admin: a\n\(secret)", "admin: a\n  \(secret): 1",
            "secretKeyFile: &\(secret) x", "secretKeyFile: *\(secret)", "secretKeyFile: !\(secret) x", "%\(secret)",
            "secretKeyFile: '\(secret)", "secretKeyFile: {\(secret)", "? \(quoted(secret))\n: \(quoted(secret))",
            "allow: [user:\(quoted(secret))]", "allow: [\(quoted("user:" + secret))]",
        ]
        for yaml in lines {
            let text = told(Reading.read(flags: Reading.required, yaml: yaml))
            #expect(!isIn(text, secret), "\(text)")
        }
        for environment in [["IMATTRD_SECRET_KEY": secret], ["IMATTRD_\(secret)": "1"], ["IMATTRD_CONFIG": secret]] {
            let text = told(Reading.read(flags: Reading.required, environment: environment))
            #expect(!isIn(text, secret), "\(text)")
        }
        let named = ConfigurationText(flags: [:], environment: [:], namedFile: secret).problems
        #expect(!isIn("\(named)", secret))
        #expect(!isIn("\(YAMLFile.read(secret)?.problems ?? [])", secret))
        #expect(!isIn("\(YAMLFile.read(secret + secret + secret + secret + secret)?.problems ?? [])", secret))
    }

    @Test func shortKeyIsNotShownAsAPathEither() {
        let configuration = Reading.read(flags: Reading.required.merging([.secretKeyFile: "hunter2!"]) { $1 })
        #expect(!told(configuration).contains("hunter2!"))
        #expect(
            configuration.allProblems == [
                "secretKeyFile: 8 characters that are not an absolute path of a file: no such file"
            ])
    }

    /// What an operator needs to see is shown.
    @Test(arguments: [
        (ConfigurationKey.admin, "administrator-of-production-1"), (.admin, "管理员"), (.region, "silicon-vally"),
        (.upstreamUrl, "https://adminapisgp.im.qcloud.com/v4"), (.rateLimit, "1.000"), (.maxInFlight, "-1"),
        (.allow, "user:www-data,group:nobody-is-in-it,uid:1000"), (.logLevel, "verbose"),
    ])
    func ordinaryValuesAreShown(key: ConfigurationKey, value: String) {
        let text = told(Reading.read(flags: Reading.required.merging([key: value]) { $1 }))
        #expect(text.contains(value))
    }

    @Test func misspelledNamesAreShown() {
        let configuration = Reading.read(
            flags: Reading.required, environment: ["IMATTRD_MAX_QUEUED_ACCOUNTS_PER_USER": "1"],
            yaml: "maxQueuedAccountsPerUser: 1")
        #expect(
            configuration.problems.map(\.key) == ["IMATTRD_MAX_QUEUED_ACCOUNTS_PER_USER", "maxQueuedAccountsPerUser"])
    }
}

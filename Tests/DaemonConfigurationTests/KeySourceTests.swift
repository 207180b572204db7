import Foundation
import Testing
import UpstreamClient

@testable import DaemonConfiguration

/// Which of the places that are given for the key counts.
@Suite struct KeySourceTests {
    private typealias Reading = ConfigurationReading
    private static let withoutKey = Reading.required.filter { $0.key != .secretKeyFile }
    private static let signer: [ConfigurationKey: String] = [.signerSocket: "/s/signer.sock"]

    private static func read(
        flags: [ConfigurationKey: String] = [:], environment: [ConfigurationKey: String] = [:], yaml: String? = nil,
        credentialsDirectory: String? = nil
    ) -> ReadConfiguration {
        Reading.read(
            flags: withoutKey.merging(flags) { $1 },
            environment: Dictionary(
                uniqueKeysWithValues: environment.map { ($0.key.environmentVariable, $0.value) }),
            yaml: yaml, credentialsDirectory: credentialsDirectory)
    }

    /// A folder of credentials with the key.
    private static func withCredential(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "imattrd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("a-made-up-key".utf8).write(to: folder.appending(path: "imattrd.secret-key"))
        try body(folder.path)
    }

    @Test func signerIsUsedWhereThereIsNoKey() throws {
        for credentials in [nil, "/nowhere"] {
            let settings = try #require(Self.read(environment: Self.signer, credentialsDirectory: credentials).settings)
            #expect(settings.keySource == .signer("/s/signer.sock"))
            #expect(settings.keyWarning == nil)
            #expect(settings.upstream.userSigLifetime == 900)
        }
    }

    @Test func lifetimeThatIsGivenHoldsWithASigner() throws {
        let configuration = Self.read(environment: Self.signer, yaml: "userSigTtlSeconds: 1200")
        #expect(try #require(configuration.settings).upstream.userSigLifetime == 1200)
        let usual = Self.read(environment: Self.signer).values.first { $0.key == .userSigTtlSeconds }
        #expect(usual?.text == "900" && usual?.origin == .builtIn)
    }

    @Test func credentialWinsWithAWarning() throws {
        try Self.withCredential { folder in
            let settings = try #require(
                Self.read(environment: Self.signer, credentialsDirectory: folder).settings)
            #expect(settings.keySource == .credential(folder + "/imattrd.secret-key"))
            #expect(settings.keyWarning?.contains("credential imattrd.secret-key") == true)
            #expect(settings.upstream.userSigLifetime == 3600)
            let alone = try #require(Self.read(credentialsDirectory: folder).settings)
            #expect(alone.keySource == .credential(folder + "/imattrd.secret-key") && alone.keyWarning == nil)
        }
    }

    @Test func namedFileWinsWithAWarning() throws {
        let settings = try #require(Self.read(environment: Self.signer, yaml: "secretKeyFile: /k").settings)
        #expect(settings.keySource == .file("/k"))
        #expect(settings.keyWarning?.contains("secretKeyFile (/etc/test.yaml:1)") == true)
    }

    @Test func bothInOnePlaceAreAMistake() {
        let key: [ConfigurationKey: String] = [.secretKeyFile: "/k"]
        for configuration in [
            Self.read(yaml: "secretKeyFile: /k\nsignerSocket: /s"),
            Self.read(environment: Self.signer.merging(key) { $1 }), Self.read(flags: Self.signer.merging(key) { $1 }),
        ] {
            #expect(configuration.problems.map(\.key) == ["signerSocket"])
            #expect(configuration.problems.first?.description.contains("goes without secretKeyFile") == true)
        }
    }

    @Test func withoutAnyThereIsNothingToSignWith() {
        #expect(Self.read().problems.map(\.description) == ["secretKeyFile: is required"])
        #expect(Self.read().signatureSource() == nil)
    }

    // MARK: The signer's own reading

    private static func text(_ yaml: String, environment: [String: String] = [:]) -> ConfigurationText {
        ConfigurationText(
            flags: [:], environment: environment, file: YAMLFile(Array(yaml.utf8), path: "/etc/test.yaml"))
    }

    @Test func signerReadsOnlyWhatItNeeds() throws {
        try Self.withCredential { folder in
            let yaml =
                "sdkAppId: 1400000001\nadmin: administrator\nrateLimit: no\nnoSuchKey: 1\nallow: [user:nobody-is-called-so]"
            let read = SignerConfiguration.read(Self.text(yaml), credentialsDirectory: folder)
            let configuration = try read.get()
            #expect(configuration.sdkAppID == 1_400_000_001)
            #expect(configuration.admin == "administrator")
            #expect(configuration.userSigLifetime == 900)
            #expect(!String(reflecting: configuration).contains("made-up"))
        }
    }

    @Test func signerSaysWhatIsMissing() {
        let read = SignerConfiguration.read(Self.text("admin: administrator"), credentialsDirectory: nil)
        guard case .failure(let error) = read else { return #expect(Bool(false)) }
        #expect(error.lines.count == 2)
        #expect(error.lines.first?.hasPrefix("sdkAppId: is required") == true)
        #expect(error.lines.last?.contains("/etc/credstore/imattrd.secret-key") == true)
    }
}

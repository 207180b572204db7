@testable import DaemonConfiguration

/// Reads configurations the way the program does, but with everything given.
enum ConfigurationReading {
    /// The least that a configuration must say.
    static let required: [ConfigurationKey: String] = [
        .sdkAppId: "1400000001", .admin: "administrator", .region: "singapore", .secretKeyFile: "/nowhere/key",
    ]

    static func read(
        flags: [ConfigurationKey: String] = [:], environment: [String: String] = [:], yaml: String? = nil,
        credentialsDirectory: String? = nil, socketPath: String? = nil
    ) -> ReadConfiguration {
        let text = ConfigurationText(
            flags: flags, environment: environment, file: yaml.map { YAMLFile(Array($0.utf8), path: "/etc/test.yaml") })
        let surroundings = Surroundings(
            credentialsDirectory: credentialsDirectory, socketPaths: socketPath.map { [$0] } ?? [])
        return ReadConfiguration(text, in: surroundings)
    }

    /// What is wrong with the least configuration and one more value in it.
    static func problems(with key: ConfigurationKey, _ value: String) -> [String] {
        read(flags: required.merging([key: value]) { $1 }).problems.map(\.description)
    }
}

import AttributeDaemon
import DaemonConfiguration
import Glibc

/// Where this process finds its configuration; can be asked again.
struct ConfigurationSource: Sendable {
    static let defaultFile = "/etc/imattrd/config.yaml"

    /// The file, if one was named.
    let file: String?
    let flags: [ConfigurationKey: String]
    /// The sockets that callers connect to, once they are known, and what is wrong with them.
    var sockets: (paths: [String], faults: [String]) = ([], [])

    init(file: String?, flags: [ConfigurationKey: String]) {
        self.file = file
        self.flags = flags
    }

    /// Reads everything as it is now.
    func read() -> ReadConfiguration {
        let environment = Self.environment()
        let surroundings = Surroundings(
            credentialsDirectory: environment["CREDENTIALS_DIRECTORY"], socketPaths: sockets.paths,
            socketFaults: sockets.faults)
        return ReadConfiguration(text(environment), in: surroundings)
    }

    /// Reads what the signer needs.
    func readForSigner() -> Result<SignerConfiguration, SignerConfigurationError> {
        let environment = Self.environment()
        return SignerConfiguration.read(
            text(environment), credentialsDirectory: environment["CREDENTIALS_DIRECTORY"])
    }

    private func text(_ environment: [String: String]) -> ConfigurationText {
        ConfigurationText(
            flags: flags, environment: environment, file: YAMLFile.read(path(environment)),
            namedFile: file ?? environment["IMATTRD_CONFIG"])
    }

    /// The file that is read, whether it exists or not.
    func path(_ environment: [String: String] = Self.environment()) -> String {
        file ?? environment["IMATTRD_CONFIG"] ?? Self.defaultFile
    }

    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return variables
    }
}

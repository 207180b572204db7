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

    /// Reads everything as the daemon of this machine would, for root.
    /// - Parameter credentials: A folder of credentials, in which the key is looked for. Without, the signer is used, if there is one.
    func readByHand(credentials: String? = nil) -> ReadConfiguration {
        var environment = Self.environment()
        let signer = ConfigurationKey.signerSocket.environmentVariable
        if let credentials {
            environment["CREDENTIALS_DIRECTORY"] = credentials
            environment[signer] = nil
        } else if !givesKey(environment), let socket = HostKey(of: path()).signerSocket {
            environment[signer] = socket
        }
        return ReadConfiguration(
            text(environment),
            in: Surroundings(credentialsDirectory: environment["CREDENTIALS_DIRECTORY"]))
    }

    /// Whether something says where the key is, so that it need not be looked for.
    private func givesKey(_ environment: [String: String]) -> Bool {
        let text = text(environment)
        return geteuid() != 0 || environment["CREDENTIALS_DIRECTORY"] != nil || text.entries[.secretKeyFile] != nil
            || text.entries[.signerSocket] != nil
    }

    /// The machine's own key, if nothing says where it is. To be removed with ``HostKey/removeCredentials(_:)``.
    func credentialsOfThisMachine() -> String? {
        givesKey(Self.environment()) ? nil : HostKey(of: path()).makeCredentials()
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

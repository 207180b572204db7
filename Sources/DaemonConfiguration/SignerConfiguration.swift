import Glibc
import UpstreamClient
import UserSig

/// What the signer takes from the configuration: the same file and variables as the daemon's, and of them only what a UserSig is made
/// of. What is wrong with other keys is the daemon's to report.
public struct SignerConfiguration: Sendable {
    /// `SDKAppID`.
    public let sdkAppID: UInt64
    /// The one account that is signed for.
    public let admin: String
    /// Seconds that a UserSig is valid.
    public let userSigLifetime: Int64
    /// The app's secret key.
    public let key: SecretKey

    private static let keys: [ConfigurationKey] = [.sdkAppId, .admin, .userSigTtlSeconds]

    /// Reads it, and the key.
    /// - Parameter credentialsDirectory: The only place where the key is looked for; nil: there is none.
    /// - Returns: Or what is wrong, in five lines at most.
    public static func read(
        _ text: ConfigurationText, credentialsDirectory: String?
    ) -> Result<SignerConfiguration, SignerConfigurationError> {
        let reader = SettingsReader(text, credentialsDirectory: nil, keys: keys)
        var problems = reader.problems.count > text.problems.count ? reader.problems : []
        let key = key(in: credentialsDirectory)
        if case .failure(let problem) = key { problems.append(problem) }
        guard problems.isEmpty, case .success(let key) = key else {
            return .failure(SignerConfigurationError(lines: problems.lines))
        }
        let lifetime =
            text.entries[.userSigTtlSeconds] == nil
            ? Settings.lifetimeFromSigner : reader.settings.upstream.userSigLifetime
        return .success(
            SignerConfiguration(
                sdkAppID: reader.settings.sdkAppID, admin: reader.settings.upstream.admin, userSigLifetime: lifetime,
                key: key))
    }

    private static func key(in credentialsDirectory: String?) -> Result<SecretKey, ConfigurationProblem> {
        let path = credentialsDirectory.map { $0 + "/" + SecretKeyFile.credentialName }
        guard let path, access(path, F_OK) == 0 else {
            return .failure(
                ConfigurationProblem(
                    "secret key", nil, nil,
                    "there is none; write it to /etc/credstore/imattrd.secret-key (of an instance: imattrd.NAME.secret-key), "
                        + "then restart imattrd-signer"))
        }
        return SecretKeyFile.read(path, credentialsDirectory: credentialsDirectory)
    }
}

/// What is wrong with what the signer has read: lines for a person, never with a secret.
public struct SignerConfigurationError: Error, Hashable, Sendable {
    /// The lines.
    public let lines: [String]
}

import CallScheduling
import JSONRPCServer
import Logging
import NIOCore
import UpstreamClient
import UserSig

/// The configuration as the daemon uses it: every value checked, every default filled in.
public struct Settings: Hashable, Sendable {
    /// What an audit line is written for.
    public enum Audit: String, CaseIterable, Sendable { case off, requests, accounts }

    /// The app and the server.
    public var upstream: UpstreamConfiguration
    /// Where the secret key is.
    public var secretKeyFile: String
    /// Calls in any second.
    public var rateLimit: Int
    /// The part of the least round trip that the limiter counts on.
    public var roundTripCredit: Double
    /// Upstream calls at once.
    public var maxInFlight: Int
    /// Accounts in a request.
    public var maxAccountsPerRequest: Int
    /// Waiting accounts of all callers.
    public var maxQueuedAccounts: Int
    /// Waiting accounts of one user's callers.
    public var maxQueuedAccountsPerUID: Int
    /// Bytes of answers held for `maxAgeMs`.
    public var cacheMaxBytes: Int
    /// The bounds of the door.
    public var server: ServerLimits
    /// What an audit line is written for.
    public var audit: Audit
    /// Exit after so long without connections and work; nil: never.
    public var idleExit: Duration?
    /// Who may ask; nil: everybody whom the socket's mode lets in.
    public var allow: AllowList?
    /// What is logged.
    public var logLevel: Logger.Level

    /// `SDKAppID`.
    public var sdkAppID: UInt64 { upstream.sdkAppID }

    /// The scheduler's bounds.
    var scheduling: CallScheduler.Limits {
        CallScheduler.Limits(
            rate: rateLimit, roundTripCredit: roundTripCredit, inFlight: maxInFlight, queuedAccounts: maxQueuedAccounts,
            queuedAccountsPerPrincipal: maxQueuedAccountsPerUID, heldBytes: cacheMaxBytes)
    }
}

/// A configuration that was read: what is in force for each key and, if nothing is wrong with it, the settings.
public struct ReadConfiguration: Sendable {
    /// One key as it is in force.
    public struct Value: Hashable, Sendable {
        /// The key.
        public let key: ConfigurationKey
        /// Its value, as text.
        public let text: String
        /// Where it was given.
        public let origin: ConfigurationText.Origin
    }

    /// All keys that have a value, in the order of ``ConfigurationKey``.
    public let values: [Value]
    /// What is wrong.
    public let problems: [ConfigurationProblem]
    /// The settings; nil if anything is wrong.
    public let settings: Settings?
    private let credentialsDirectory: String?
    /// What is logged, even if something else is wrong.
    public let logLevel: Logger.Level
    /// The bounds of the door, even if something else is wrong.
    public let serverLimits: ServerLimits

    /// Checks a configuration.
    public init(_ text: ConfigurationText, in surroundings: Surroundings) {
        var reader = SettingsReader(text)
        let door = reader.door()
        let level = reader.choice(.logLevel, Logger.Level.info)
        let allow = reader.allowList()
        let settings = reader.settings(door, level, allow, credentialsDirectory: surroundings.credentialsDirectory)
        let problems = reader.problems + surroundings.problems(hasAllowList: text.entries[.allow] != nil)
        values = reader.values.sorted { $0.key.order < $1.key.order }
        self.problems = problems
        self.settings = problems.isEmpty ? settings : nil
        credentialsDirectory = surroundings.credentialsDirectory
        logLevel = level
        serverLimits = door
    }
}

extension ReadConfiguration {
    /// Reads the secret key that the settings name; nil if there are no settings.
    func secretKey() -> Result<SecretKey, ConfigurationProblem>? {
        settings.map { SecretKeyFile.read($0.secretKeyFile, credentialsDirectory: credentialsDirectory) }
    }

    /// Everything that is wrong with the configuration and with the key that it names, a line each.
    public var allProblems: [String] {
        guard case .failure(let problem) = secretKey() else { return problems.map(\.description) }
        return (problems + [problem]).map(\.description)
    }
}

extension ConfigurationKey {
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

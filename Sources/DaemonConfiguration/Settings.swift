import CallScheduling
import JSONRPCServer
import Logging
import Rights
import UpstreamClient
import UserSig

/// The configuration as the daemon uses it: every value checked, every default filled in.
public struct Settings: Hashable, Sendable {
    /// How the lines on standard error are written.
    public enum LogFormat: String, CaseIterable, Sendable { case text, json }

    /// The app and the server.
    public var upstream = UpstreamConfiguration(sdkAppID: 0, admin: "", endpoint: Endpoint(.china))
    /// Where UserSigs come from.
    public internal(set) var keySource = KeySource.file("")
    /// Why the key should be moved; nil if it need not.
    public internal(set) var keyWarning: String?
    /// Calls in any second.
    public var rateLimit = 0
    /// The part of the least round trip that the limiter counts on.
    public var roundTripCredit = 0.0
    /// Upstream calls at once.
    public var maxInFlight = 0
    /// Accounts in a request.
    public var maxAccountsPerRequest = 0
    /// Waiting accounts of all callers.
    public var maxQueuedAccounts = 0
    /// Waiting accounts of one user's callers.
    public var maxQueuedAccountsPerUID = 0
    /// Bytes of answers held for `maxAgeMs`.
    public var cacheMaxBytes = 0
    /// The bounds of the door.
    public var server = ServerLimits()
    /// What an audit line is written for.
    public var audit = AuditScope.off
    /// Exit after so long without connections and work; nil: never.
    public var idleExit: Duration?
    /// Who may ask; nil: everybody whom the socket's mode lets in.
    public var allow: AllowList?
    /// Rights and shares per caller; nil: all callers have the same.
    public var rules: RuleList?
    /// What is logged.
    public var logLevel = Logger.Level.info
    /// How the lines on standard error are written.
    public var logFormat = LogFormat.text
    /// Where metrics are served over HTTP without systemd; nil: nowhere.
    public var metricsListen: LoopbackAddress?
    /// The values, as text, of the keys whose change waits for a restart.
    var restartTexts: [ConfigurationKey: String] = [:]

    /// Seconds that a UserSig of the signer is valid if `userSigTtlSeconds` is not given: so long can they be used by one who has
    /// taken the daemon over and lost it again.
    public static let lifetimeFromSigner: Int64 = 900

    /// Nothing is read yet.
    init() {}

    /// `SDKAppID`.
    public var sdkAppID: UInt64 { upstream.sdkAppID }

    /// The scheduler's bounds.
    public var scheduling: CallScheduler.Limits {
        CallScheduler.Limits(
            rate: rateLimit, roundTripCredit: roundTripCredit, inFlight: maxInFlight, queuedAccounts: maxQueuedAccounts,
            queuedAccountsPerPrincipal: maxQueuedAccountsPerUID, heldBytes: cacheMaxBytes)
    }

    // MARK: Reload

    /// The keys whose new values wait for a restart.
    public func keysForRestart(to new: Settings) -> [ConfigurationKey] {
        let waitsWithURL = upstream.endpoint != new.upstream.endpoint && upstream.trustRoots != new.upstream.trustRoots
        return ConfigurationKey.allCases.filter {
            restartTexts[$0] != new.restartTexts[$0] || $0 == .upstreamCaFile && waitsWithURL
        }
    }

    /// Puts the values of these settings in the place of those that only a restart can change.
    public func keeping(whatWaitsForARestart old: Settings) -> Settings {
        var settings = self
        settings.upstream = old.upstream
        settings.upstream.userSigLifetime = upstream.userSigLifetime
        settings.upstream.timeout = upstream.timeout
        // Roots are for a host: they come with it.
        if upstream.endpoint == old.upstream.endpoint { settings.upstream.trustRoots = upstream.trustRoots }
        settings.restartTexts = old.restartTexts
        return settings
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
    /// How the lines on standard error are written, even if something else is wrong.
    public let logFormat: Settings.LogFormat
    /// The bounds of the door, even if something else is wrong.
    public let serverLimits: ServerLimits

    /// Checks a configuration.
    public init(_ text: ConfigurationText, in surroundings: Surroundings) {
        let reader = SettingsReader(text, credentialsDirectory: surroundings.credentialsDirectory)
        values = reader.values
        problems =
            surroundings.faults + reader.problems
            + surroundings.problems(limitedBy: [.allow, .rules].first { text.entries[$0] != nil })
        settings = problems.isEmpty ? reader.settings : nil
        credentialsDirectory = surroundings.credentialsDirectory
        logLevel = reader.settings.logLevel
        logFormat = reader.settings.logFormat
        serverLimits = reader.settings.server
    }
}

extension ReadConfiguration {
    /// What UserSigs are made with: reads the secret key, if it is to be here. Nil if there are no settings.
    public func signatureSource() -> Result<SignatureSource, ConfigurationProblem>? {
        settings.map { settings in
            switch settings.keySource {
            case .signer(let path): .success(.signer(path: path))
            case .credential(let path), .file(let path):
                SecretKeyFile.read(path, credentialsDirectory: credentialsDirectory).map(SignatureSource.key)
            }
        }
    }

    /// Everything that is wrong with the configuration and with the key that it names, in five lines at most.
    public var allProblems: [String] {
        guard case .failure(let problem) = signatureSource() else { return problems.lines }
        return (problems + [problem]).lines
    }
}

import Logging
import UpstreamClient

extension ConfigurationKey {
    /// What values a key takes, and which one it has if none is given.
    public enum Rule: Hashable, Sendable {
        /// Any text that is not empty.
        case text
        /// The path of a file.
        case file
        /// An integer in a range; without a usual value it is required.
        case integer(ClosedRange<Int>, usual: Int?)
        /// A number in a range.
        case decimal(ClosedRange<Double>, usual: Double)
        /// One of some words.
        case choice([String], usual: String?)
        /// Rules of who may call, separated by commas.
        case rules
    }

    /// The one place where bounds and defaults stand: values are read, shown and documented by it.
    public var rule: Rule {
        switch self {
        case .sdkAppId: .integer(1...Int(UInt32.max), usual: nil)
        case .admin, .upstreamUrl: .text
        case .secretKeyFile, .upstreamCaFile: .file
        case .region: .choice(Region.allCases.map(\.rawValue), usual: nil)
        case .rateLimit: .integer(1...1_000_000, usual: 100)
        case .roundTripCredit: .decimal(0...0.95, usual: 0.75)
        case .maxInFlight: .integer(1...10000, usual: 64)
        case .maxAccountsPerRequest: .integer(1...1_000_000, usual: 10000)
        case .maxQueuedAccounts: .integer(1...100_000_000, usual: 300_000)
        case .maxQueuedAccountsPerUid: .integer(1...100_000_000, usual: 150_000)
        case .maxConnections: .integer(1...1_000_000, usual: 4096)
        case .maxConnectionsPerUid: .integer(1...1_000_000, usual: 2048)
        case .maxBufferedBytes: .integer(1 << 20...1 << 40, usual: 128 << 20)
        case .audit: .choice(Settings.Audit.allCases.map(\.rawValue), usual: Settings.Audit.off.rawValue)
        case .maxLineBytes: .integer(1024...1 << 30, usual: 4 << 20)
        case .writeTimeoutSeconds: .integer(1...86400, usual: 60)
        case .upstreamTimeoutMs: .integer(100...600_000, usual: 5000)
        case .userSigTtlSeconds: .integer(60...15_552_000, usual: 3600)
        case .cacheMaxBytes: .integer(0...1 << 40, usual: 32 << 20)
        case .idleExitSeconds: .integer(0...31_536_000, usual: 0)
        case .allow: .rules
        case .logLevel: .choice(Logger.Level.allCases.map(\.rawValue), usual: Logger.Level.info.rawValue)
        }
    }

    /// What it is, for a person: a sentence.
    public var meaning: String {
        switch self {
        case .sdkAppId: "The app's SDKAppID."
        case .admin: "An administrator account of the app (identifier)."
        case .secretKeyFile: "File with the app's secret key, which neither group nor others may be able to read."
        case .region: "Region of the app, which gives the host."
        case .upstreamUrl: "https://HOST[:PORT] instead of a region's host."
        case .upstreamCaFile: "Trust only the roots in this PEM file; only with upstreamUrl."
        case .rateLimit: "Calls in any second, as the upstream server counts them."
        case .roundTripCredit: "How much of the least round trip seen lately the limiter counts on."
        case .maxInFlight: "Upstream calls under way at once; 1 makes them strictly one after another."
        case .maxAccountsPerRequest: "Accounts in a request."
        case .maxQueuedAccounts: "Accounts that wait, over all requests."
        case .maxQueuedAccountsPerUid: "Accounts that wait, over all requests of one user."
        case .maxConnections: "Connections at once."
        case .maxConnectionsPerUid: "Connections of one user at once."
        case .maxBufferedBytes: "Bytes of answers not yet read, over all connections."
        case .audit: "Log each request; accounts: with the names of the accounts."
        case .maxLineBytes: "Bytes in a line, which is the longest request."
        case .writeTimeoutSeconds: "Seconds that a caller may read nothing of its answers."
        case .upstreamTimeoutMs: "Milliseconds for one upstream call."
        case .userSigTtlSeconds: "Seconds that a generated UserSig is valid; it is renewed at half of that."
        case .cacheMaxBytes: "Bytes of answers held for maxAgeMs; 0 holds none."
        case .idleExitSeconds:
            "Seconds without connection and work after which the daemon exits; 0: never, else at least 10."
        case .allow:
            "Who may ask: user:NAME, group:NAME, uid:N, gid:N, separated by commas. One match suffices; root always may."
        case .logLevel: "What is logged."
        }
    }

    /// The values that are allowed, in a few words; nil if the meaning says it.
    public var allowed: String? {
        switch rule {
        case .text, .file, .rules: nil
        case .integer(let range, _): "\(range.lowerBound) to \(range.upperBound)"
        case .decimal(let range, _): "\(range.lowerBound) to \(range.upperBound)"
        case .choice(let words, _): words.joined(separator: ", ")
        }
    }

    /// The value if none is given, in a few words.
    public var usual: String {
        switch rule {
        case .integer(_, let usual?): "\(usual)"
        case .decimal(_, let usual): "\(usual)"
        case .choice(_, let usual?): usual
        case .text, .file, .integer, .choice, .rules:
            switch self {
            case .secretKeyFile: "$CREDENTIALS_DIRECTORY/imattrd.secret-key"
            case .region: "required, unless upstreamUrl is given"
            case .upstreamUrl: "that of the region"
            case .upstreamCaFile: "the system's roots"
            case .allow: "everyone whom the socket lets in"
            default: "required"
            }
        }
    }
}

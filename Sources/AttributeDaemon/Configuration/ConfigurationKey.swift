/// The keys of the configuration. Each is a flag, an environment variable and a key of the file.
public enum ConfigurationKey: String, CaseIterable, Sendable {
    case sdkAppId, admin, secretKeyFile, region, upstreamUrl, upstreamCaFile
    case rateLimit, roundTripCredit, maxInFlight, maxAccountsPerRequest
    case maxQueuedAccounts, maxQueuedAccountsPerUid, maxConnections, maxConnectionsPerUid, maxBufferedBytes
    case audit, maxLineBytes, writeTimeoutSeconds, upstreamTimeoutMs, userSigTtlSeconds, cacheMaxBytes
    case idleExitSeconds, allow, logLevel

    /// `--rate-limit` for `rateLimit`.
    public var flag: String { "--" + words.joined(separator: "-") }

    /// `IMATTRD_RATE_LIMIT` for `rateLimit`.
    public var environmentVariable: String { "IMATTRD_" + words.joined(separator: "_").uppercased() }

    /// Whether a change waits for a restart, because connections and signatures depend on it.
    public var needsRestart: Bool {
        switch self {
        case .sdkAppId, .admin, .region, .upstreamUrl, .upstreamCaFile, .upstreamTimeoutMs: true
        default: false
        }
    }

    /// `rateLimit` in words: `rate`, `limit`.
    private var words: [String] {
        var words = [""]
        for character in rawValue {
            if character.isUppercase { words.append("") }
            words[words.count - 1] += character.lowercased()
        }
        return words
    }
}

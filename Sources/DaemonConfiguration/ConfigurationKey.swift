/// The keys of the configuration. Each is a flag, an environment variable and a key of the file; but see ``isOnlyInFile``.
public enum ConfigurationKey: String, CaseIterable, Sendable {
    case sdkAppId, admin, secretKeyFile, signerSocket, region, upstreamUrl, upstreamCaFile
    case rateLimit, roundTripCredit, maxInFlight, maxAccountsPerRequest
    case maxQueuedAccounts, maxQueuedAccountsPerUid, maxConnections, maxConnectionsPerUid, maxBufferedBytes
    case audit, maxLineBytes, writeTimeoutSeconds, upstreamTimeoutMs, userSigTtlSeconds, cacheMaxBytes
    case idleExitSeconds, allow, rules, logLevel, logFormat, metricsListen

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
        /// Who may call, separated by commas.
        case callers
        /// A list of mappings, which only the file can have.
        case mappings
    }

    /// `--rate-limit` for `rateLimit`.
    public var flag: String { "--" + words.joined(separator: "-") }

    /// `IMATTRD_RATE_LIMIT` for `rateLimit`.
    public var environmentVariable: String { "IMATTRD_" + words.joined(separator: "_").uppercased() }

    /// Whether it is a key of the file alone.
    public var isOnlyInFile: Bool { rule == .mappings }

    /// What values it takes.
    public var rule: Rule { row.rule }

    /// What it is, for a person: a sentence.
    public var meaning: String { row.meaning }

    /// Whether a change waits for a restart.
    public var needsRestart: Bool { row.needsRestart }

    /// The values that are allowed, in a few words; nil if the meaning says it.
    public var allowed: String? {
        switch rule {
        case .text, .file, .callers, .mappings: nil
        case .integer(let range, _): "\(range.lowerBound) to \(range.upperBound)"
        case .decimal(let range, _): "\(range.lowerBound) to \(range.upperBound)"
        case .choice(let words, _): words.joined(separator: ", ")
        }
    }

    /// The value if none is given, in a few words.
    public var usual: String {
        switch row.absence {
        case .usual(let text), .optional(let text), .required(_, let text): text
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

import ArgumentParser
import AttributeDaemon

/// A flag for each key of the configuration. Flags override the environment, which overrides the file.
struct KeyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The app's SDKAppID.", valueName: "number")) var sdkAppId: String?
    @Option(help: ArgumentHelp("The admin account (identifier).", valueName: "account")) var admin: String?
    @Option(help: ArgumentHelp("File with the app's secret key.", valueName: "path")) var secretKeyFile: String?
    @Option(help: ArgumentHelp("Region of the app, which gives the host.", valueName: "name")) var region: String?
    @Option(help: ArgumentHelp("https://HOST[:PORT] instead of a region's host.", valueName: "url")) var upstreamUrl:
        String?
    @Option(help: ArgumentHelp("Trust roots (PEM) instead of the system's.", valueName: "path")) var upstreamCaFile:
        String?
    @Option(help: ArgumentHelp("Calls in any second. (default: 100)", valueName: "number")) var rateLimit: String?
    @Option(help: ArgumentHelp("Part of the least round trip to count on. (default: 0.75)", valueName: "0…0.95"))
    var roundTripCredit: String?
    @Option(help: ArgumentHelp("Upstream calls at once. (default: 64)", valueName: "number")) var maxInFlight: String?
    @Option(help: ArgumentHelp("Accounts in a request. (default: 10000)", valueName: "number"))
    var maxAccountsPerRequest: String?
    @Option(help: ArgumentHelp("Waiting accounts of all callers. (default: 300000)", valueName: "number"))
    var maxQueuedAccounts: String?
    @Option(help: ArgumentHelp("Waiting accounts of one user. (default: 150000)", valueName: "number"))
    var maxQueuedAccountsPerUid: String?
    @Option(help: ArgumentHelp("Connections. (default: 4096)", valueName: "number")) var maxConnections: String?
    @Option(help: ArgumentHelp("Connections of one user. (default: 2048)", valueName: "number"))
    var maxConnectionsPerUid: String?
    @Option(help: ArgumentHelp("Bytes of answers not yet read. (default: 134217728)", valueName: "bytes"))
    var maxBufferedBytes: String?
    @Option(help: ArgumentHelp("A log line per request: off, requests, accounts. (default: off)", valueName: "what"))
    var audit: String?
    @Option(help: ArgumentHelp("Bytes in a line. (default: 4194304)", valueName: "bytes")) var maxLineBytes: String?
    @Option(help: ArgumentHelp("Seconds that a client may leave answers unread. (default: 60)", valueName: "seconds"))
    var writeTimeoutSeconds: String?
    @Option(help: ArgumentHelp("Milliseconds for one upstream call. (default: 5000)", valueName: "ms"))
    var upstreamTimeoutMs: String?
    @Option(help: ArgumentHelp("Validity of UserSigs. (default: 3600)", valueName: "seconds")) var userSigTtlSeconds:
        String?
    @Option(help: ArgumentHelp("Bytes of answers held for maxAgeMs. (default: 33554432)", valueName: "bytes"))
    var cacheMaxBytes: String?
    @Option(help: ArgumentHelp("Exit after so long without work; 0: never. (default: 0)", valueName: "seconds"))
    var idleExitSeconds: String?
    @Option(
        help: ArgumentHelp("Who may ask: user:NAME, group:NAME, uid:N, gid:N, separated by commas.", valueName: "rules")
    )
    var allow: String?
    @Option(
        help: ArgumentHelp("trace, debug, info, notice, warning, error, critical. (default: info)", valueName: "level"))
    var logLevel: String?

    /// What was given.
    var values: [ConfigurationKey: String] {
        var values: [ConfigurationKey: String] = [:]
        for key in ConfigurationKey.allCases { values[key] = value(of: key) }
        return values
    }

    private func value(of key: ConfigurationKey) -> String? {
        switch key {
        case .sdkAppId: sdkAppId
        case .admin: admin
        case .secretKeyFile: secretKeyFile
        case .region: region
        case .upstreamUrl: upstreamUrl
        case .upstreamCaFile: upstreamCaFile
        case .rateLimit: rateLimit
        case .roundTripCredit: roundTripCredit
        case .maxInFlight: maxInFlight
        case .maxAccountsPerRequest: maxAccountsPerRequest
        case .maxQueuedAccounts: maxQueuedAccounts
        case .maxQueuedAccountsPerUid: maxQueuedAccountsPerUid
        case .maxConnections: maxConnections
        case .maxConnectionsPerUid: maxConnectionsPerUid
        case .maxBufferedBytes: maxBufferedBytes
        case .audit: audit
        case .maxLineBytes: maxLineBytes
        case .writeTimeoutSeconds: writeTimeoutSeconds
        case .upstreamTimeoutMs: upstreamTimeoutMs
        case .userSigTtlSeconds: userSigTtlSeconds
        case .cacheMaxBytes: cacheMaxBytes
        case .idleExitSeconds: idleExitSeconds
        case .allow: allow
        case .logLevel: logLevel
        }
    }
}

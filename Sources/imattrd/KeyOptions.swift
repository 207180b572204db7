import ArgumentParser
import AttributeDaemon
import DaemonConfiguration

/// A flag for each key of the configuration that can be one. Flags override the environment, which overrides the file.
struct KeyOptions: ParsableArguments {
    @Option(.sdkAppId) var sdkAppId: String?
    @Option(.admin) var admin: String?
    @Option(.secretKeyFile) var secretKeyFile: String?
    @Option(.signerSocket) var signerSocket: String?
    @Option(.region) var region: String?
    @Option(.upstreamUrl) var upstreamUrl: String?
    @Option(.upstreamCaFile) var upstreamCaFile: String?
    @Option(.rateLimit) var rateLimit: String?
    @Option(.roundTripCredit) var roundTripCredit: String?
    @Option(.maxInFlight) var maxInFlight: String?
    @Option(.maxAccountsPerRequest) var maxAccountsPerRequest: String?
    @Option(.maxQueuedAccounts) var maxQueuedAccounts: String?
    @Option(.maxQueuedAccountsPerUid) var maxQueuedAccountsPerUid: String?
    @Option(.maxConnections) var maxConnections: String?
    @Option(.maxConnectionsPerUid) var maxConnectionsPerUid: String?
    @Option(.maxBufferedBytes) var maxBufferedBytes: String?
    @Option(.audit) var audit: String?
    @Option(.maxLineBytes) var maxLineBytes: String?
    @Option(.writeTimeoutSeconds) var writeTimeoutSeconds: String?
    @Option(.upstreamTimeoutMs) var upstreamTimeoutMs: String?
    @Option(.userSigTtlSeconds) var userSigTtlSeconds: String?
    @Option(.cacheMaxBytes) var cacheMaxBytes: String?
    @Option(.idleExitSeconds) var idleExitSeconds: String?
    @Option(.allow) var allow: String?
    @Option(.logLevel) var logLevel: String?
    @Option(.logFormat) var logFormat: String?
    @Option(.metricsListen) var metricsListen: String?

    /// What was given: the options are found as ArgumentParser finds them, by their names, which are those of keys.
    var values: [ConfigurationKey: String] {
        var values: [ConfigurationKey: String] = [:]
        for child in Mirror(reflecting: self).children {
            guard let option = child.value as? Option<String?>, let name = child.label?.dropFirst() else { continue }
            if let key = ConfigurationKey(rawValue: String(name)) { values[key] = option.wrappedValue }
        }
        return values
    }
}

extension Option where Value == String? {
    /// The flag of a key, with what the key's own table says of it.
    fileprivate init(_ key: ConfigurationKey) {
        let usual = key.usual.hasPrefix("required") ? key.usual : "default: \(key.usual)"
        let values = key.allowed.map { "\($0); \(usual)" } ?? usual
        let help = ArgumentHelp("\(key.meaning) (\(values))", valueName: key.valueName)
        self.init(help: help, completion: key.completion)
    }
}

extension ConfigurationKey {
    fileprivate var valueName: String {
        switch rule {
        case .text:
            switch self {
            case .upstreamUrl: "url"
            case .metricsListen: "address:port"
            default: "account"
            }
        case .file: "path"
        case .integer, .decimal: "number"
        case .choice: "word"
        case .callers: "callers"
        case .mappings: "rules"
        }
    }

    fileprivate var completion: CompletionKind? {
        switch rule {
        case .file: .file()
        case .choice(let words, _): .list(words)
        case .text, .integer, .decimal, .callers, .mappings: nil
        }
    }
}

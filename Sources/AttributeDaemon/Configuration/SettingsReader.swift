import JSONRPCServer
import Logging
import NIOCore
import UpstreamClient

/// Turns text into settings and collects everything that is wrong with it.
struct SettingsReader {
    private let text: ConfigurationText
    private(set) var problems: [ConfigurationProblem]
    private(set) var values: [ReadConfiguration.Value] = []

    init(_ text: ConfigurationText) {
        self.text = text
        problems = text.problems
    }

    // MARK: Settings

    mutating func door() -> ServerLimits {
        var limits = ServerLimits()
        limits.maxConnections = integer(.maxConnections)
        limits.maxConnectionsPerUID = integer(.maxConnectionsPerUid)
        limits.maxLineBytes = integer(.maxLineBytes)
        limits.maxBufferedBytes = integer(.maxBufferedBytes)
        limits.writeTimeout = .seconds(Int64(integer(.writeTimeoutSeconds)))
        return limits
    }

    /// Nil if a required key is missing or wrong; the problems say which.
    mutating func settings(
        _ door: ServerLimits, _ level: Logger.Level, _ allow: AllowList?, credentialsDirectory: String?
    ) -> Settings? {
        let upstream = upstream()
        let keyFile = requiredText(.secretKeyFile, default: credentialsDirectory.map { $0 + "/imattrd.secret-key" })
        let rateLimit = integer(.rateLimit)
        let credit = decimal(.roundTripCredit)
        let maxInFlight = integer(.maxInFlight)
        let perRequest = integer(.maxAccountsPerRequest)
        let queued = integer(.maxQueuedAccounts)
        let queuedPerUID = integer(.maxQueuedAccountsPerUid)
        let cache = integer(.cacheMaxBytes)
        let audit = choice(.audit, Settings.Audit.off)
        let idle = idleExit()
        if perRequest > min(queued, queuedPerUID) {
            report(
                .maxAccountsPerRequest, "\(perRequest)",
                "a request of that size could never wait: it must not be above maxQueuedAccountsPerUid "
                    + "(\(queuedPerUID)) and maxQueuedAccounts (\(queued))")
        }
        guard let upstream, let keyFile else { return nil }
        return Settings(
            upstream: upstream, secretKeyFile: keyFile, rateLimit: rateLimit, roundTripCredit: credit,
            maxInFlight: maxInFlight, maxAccountsPerRequest: perRequest, maxQueuedAccounts: queued,
            maxQueuedAccountsPerUID: queuedPerUID, cacheMaxBytes: cache, server: door, audit: audit, idleExit: idle,
            allow: allow, logLevel: level)
    }

    private mutating func upstream() -> UpstreamConfiguration? {
        let sdkAppID = requiredInteger(.sdkAppId)
        let admin = requiredText(.admin)
        let endpoint = endpoint()
        let file = certificateAuthorityFile()
        let timeout = integer(.upstreamTimeoutMs)
        let lifetime = integer(.userSigTtlSeconds)
        guard let sdkAppID, let admin, let endpoint else { return nil }
        return UpstreamConfiguration(
            sdkAppID: UInt64(sdkAppID), admin: admin, endpoint: endpoint, certificateAuthorityFile: file,
            timeout: .milliseconds(timeout), userSigLifetime: Int64(lifetime))
    }

    private mutating func certificateAuthorityFile() -> String? {
        guard let entry = entry(.upstreamCaFile) else { return nil }
        note(.upstreamCaFile, entry.text, entry.origin)
        if text.entries[.upstreamUrl] == nil {
            report(.upstreamCaFile, entry.text, "goes only with upstreamUrl: a region's host has a public certificate")
        } else if let fault = CertificateFile.fault(of: entry.text) {
            report(.upstreamCaFile, entry.text, fault)
        }
        return entry.text
    }

    private mutating func endpoint() -> Endpoint? {
        let region = entry(.region)
        if let url = entry(.upstreamUrl) {
            note(.upstreamUrl, url.text, url.origin)
            if let region { note(.region, region.text, region.origin) }
            if let endpoint = Endpoint(url: url.text) { return endpoint }
            report(.upstreamUrl, url.text, "must be https://HOST[:PORT] and nothing more")
            return nil
        }
        let names = Region.allCases.map(\.rawValue).joined(separator: ", ")
        guard let region else {
            // A list has been reported already.
            if text.entries[.region] != nil || text.entries[.upstreamUrl] != nil { return nil }
            report(.region, nil, "is required unless upstreamUrl is given; one of \(names)")
            return nil
        }
        note(.region, region.text, region.origin)
        guard let known = Region(rawValue: region.text) else {
            report(.region, region.text, "must be one of \(names)")
            return nil
        }
        return Endpoint(known)
    }

    /// Nil if everybody is allowed, or the list is wrong.
    mutating func allowList() -> AllowList? {
        guard let entry = text.entries[.allow] else { return nil }
        let rules = entry.isList ? entry.elements : entry.text.split(separator: ",").map { $0.trimmed }
        note(.allow, rules.joined(separator: ","), entry.origin)
        do throws(AllowList.Unusable) {
            return try AllowList(rules)
        } catch {
            report(.allow, entry.text, error.reason)
            return nil
        }
    }

    private mutating func idleExit() -> Duration? {
        let seconds = integer(.idleExitSeconds)
        if (1..<10).contains(seconds) { report(.idleExitSeconds, "\(seconds)", "must be 0 (never) or at least 10") }
        return seconds == 0 ? nil : .seconds(seconds)
    }

    // MARK: Values

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ key: ConfigurationKey, _ usual: Choice) -> Choice
    where Choice.RawValue == String {
        guard let entry = entry(key) else {
            note(key, usual.rawValue, .builtIn)
            return usual
        }
        note(key, entry.text, entry.origin)
        if let choice = Choice(rawValue: entry.text) { return choice }
        report(key, entry.text, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        return usual
    }

    /// An integer that has a usual value.
    private mutating func integer(_ key: ConfigurationKey) -> Int {
        guard case .integer(let range, let usual?) = key.rule else {
            preconditionFailure("\(key) has no usual integer")
        }
        guard let entry = entry(key) else {
            note(key, "\(usual)", .builtIn)
            return usual
        }
        return integer(key, entry, range) ?? usual
    }

    /// An integer that has none.
    private mutating func requiredInteger(_ key: ConfigurationKey) -> Int? {
        guard case .integer(let range, nil) = key.rule else { preconditionFailure("\(key) is not required") }
        guard text.entries[key] != nil else {
            report(key, nil, "is required: an integer from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return entry(key).flatMap { integer(key, $0, range) }
    }

    private mutating func integer(
        _ key: ConfigurationKey, _ entry: ConfigurationText.Entry, _ range: ClosedRange<Int>
    ) -> Int? {
        note(key, entry.text, entry.origin)
        if let value = Int(entry.text), range.contains(value) { return value }
        report(key, entry.text, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    private mutating func decimal(_ key: ConfigurationKey) -> Double {
        guard case .decimal(let range, let usual) = key.rule else { preconditionFailure("\(key) is no number") }
        guard let entry = entry(key) else {
            note(key, "\(usual)", .builtIn)
            return usual
        }
        note(key, entry.text, entry.origin)
        if let value = Double(entry.text), range.contains(value) { return value }
        report(key, entry.text, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        return usual
    }

    private mutating func requiredText(_ key: ConfigurationKey, default usual: String? = nil) -> String? {
        guard text.entries[key] != nil else {
            if let usual { return note(key, usual, .builtIn) }
            report(key, nil, "is required")
            return nil
        }
        guard let entry = entry(key) else { return nil }
        note(key, entry.text, entry.origin)
        if !entry.text.isEmpty { return entry.text }
        report(key, "", "must not be empty")
        return nil
    }

    /// What is given for a key that takes one value.
    private mutating func entry(_ key: ConfigurationKey) -> ConfigurationText.Entry? {
        guard let entry = text.entries[key] else { return nil }
        if entry.isList {
            report(key, entry.text, "must be one value, not a list")
            return nil
        }
        return entry
    }

    @discardableResult
    private mutating func note(_ key: ConfigurationKey, _ value: String, _ origin: ConfigurationText.Origin) -> String {
        values.append(.init(key: key, text: value.onOneLine, origin: origin))
        return value
    }

    private mutating func report(_ key: ConfigurationKey, _ value: String?, _ allowed: String) {
        let problem = ConfigurationProblem(key.rawValue, text.entries[key]?.origin, value, allowed)
        if !problems.contains(problem) { problems.append(problem) }
    }
}

extension Substring {
    /// Without spaces around it.
    fileprivate var trimmed: String {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

import Glibc
import Rights
import UpstreamClient

/// Turns text into settings by the table of keys, and collects everything that is wrong with it.
struct SettingsReader {
    private let text: ConfigurationText
    private let credentialsDirectory: String?
    private(set) var problems: [ConfigurationProblem]
    /// What holds for each key that has a value, in the keys' order.
    private(set) var values: [ReadConfiguration.Value] = []
    /// What was read; only without problems are all of these values real ones.
    private(set) var settings = Settings()

    /// Reads everything.
    init(_ text: ConfigurationText, credentialsDirectory: String?) {
        self.init(text, credentialsDirectory: credentialsDirectory, keys: ConfigurationKey.allCases)
        checkRelations()
        checkKeySource()
        if hasURL { settings.restartTexts[.region] = nil }
    }

    /// Reads only these keys.
    init(_ text: ConfigurationText, credentialsDirectory: String?, keys: [ConfigurationKey]) {
        self.text = text
        self.credentialsDirectory = credentialsDirectory
        problems = text.problems
        for key in keys { read(key) }
    }

    private mutating func read(_ key: ConfigurationKey) {
        let row = key.row
        if case .usual(let usual) = row.absence { _ = row.put([usual], &settings) }
        guard let entry = text.entries[key] else { return readNothing(key, row) }
        let elements: [String]
        switch entry.content {
        case .nothing:
            return report(key, nil, "has no value; \(row.allowedInWords), or leave the key out")
        case .maps(let maps) where row.rule == .mappings: return readRules(maps, entry.origin)
        case .list([]) where row.rule == .mappings:
            return report(key, nil, "an empty list allows no user; leave the key out to allow all")
        case .scalar where row.rule == .mappings, .list where row.rule == .mappings:
            return report(key, entry.text, "must be a list of rules, such as - match: [user:NAME]")
        case .maps: return report(key, nil, "must be a value or a list of values")
        case .list where row.rule != .callers:
            return report(key, entry.text, "must be one value, not a list")
        case .list(let list): elements = list
        case .scalar(let text): elements = row.rule == .callers ? Self.callers(text) : [text]
        }
        note(key, elements.joined(separator: ","), entry.origin)
        // A region is of no effect beside a URL.
        if key == .region, hasURL { return }
        if let allowed = row.put(elements, &settings) { report(key, entry.text, allowed) }
    }

    private mutating func readNothing(_ key: ConfigurationKey, _ row: ConfigurationKey.Row) {
        switch row.absence {
        case .usual(let usual): note(key, usual, .builtIn)
        case .optional: break
        case .required(let needed, _):
            if key == .region, text.entries[.upstreamUrl] != nil { return }
            if key == .secretKeyFile { return readWithoutKeyFile(needed) }
            report(key, nil, needed)
        }
    }

    private var hasURL: Bool { isScalar(.upstreamUrl) }

    private func isScalar(_ key: ConfigurationKey) -> Bool {
        if case .scalar = text.entries[key]?.content { true } else { false }
    }

    /// What keys demand of each other.
    private mutating func checkRelations() {
        if let entry = text.entries[.upstreamCaFile], isScalar(.upstreamCaFile), text.entries[.upstreamUrl] == nil {
            report(.upstreamCaFile, entry.text, "goes only with upstreamUrl: a region's host has a public certificate")
        }
        let (perRequest, queued) = (settings.maxAccountsPerRequest, settings.maxQueuedAccounts)
        if perRequest > min(queued, settings.maxQueuedAccountsPerUID) {
            report(
                .maxAccountsPerRequest, "\(perRequest)",
                "a request of that size could never wait: it must not be above maxQueuedAccountsPerUid "
                    + "(\(settings.maxQueuedAccountsPerUID)) and maxQueuedAccounts (\(queued))")
        }
        if let idle = settings.idleExit, idle < .seconds(10) {
            report(.idleExitSeconds, text.entries[.idleExitSeconds]?.text, "must be 0 (never) or at least 10")
        }
    }

    /// Comes after the keys whose bounds hold for the rules, too.
    private mutating func readRules(_ maps: [ConfigurationText.Entry.Map], _ origin: ConfigurationText.Origin) {
        let reader = RuleReader(maps, settings)
        problems += reader.problems
        settings.rules = reader.list
        values.append(
            .init(key: .rules, text: reader.rules.map(\.name).joined(separator: ", ").onOneLine, origin: origin))
        if text.entries[.allow] != nil {
            report(.rules, nil, "excludes allow; leave one of them out")
        }
    }

    // MARK: The key

    /// Without a named file, the key is the credential, or the signer has it.
    private mutating func readWithoutKeyFile(_ needed: String) {
        let credential = credentialsDirectory.map { $0 + "/" + SecretKeyFile.credentialName }
        let signer = isScalar(.signerSocket) ? text.entries[.signerSocket]?.text : nil
        if let credential, signer == nil || access(credential, F_OK) == 0 {
            settings.keySource = .credential(credential)
            return note(.secretKeyFile, credential, .builtIn)
        }
        guard let signer else { return report(.secretKeyFile, nil, needed) }
        settings.keySource = .signer(signer)
    }

    /// A key that is given to the daemon itself wins: what was installed before there was a signer goes on as it was.
    private mutating func checkKeySource() {
        if case .signer = settings.keySource {
            if text.entries[.userSigTtlSeconds] == nil { useLifetimeFromSigner() }
            return
        }
        guard let signer = text.entries[.signerSocket], isScalar(.signerSocket) else { return }
        if let file = text.entries[.secretKeyFile], file.origin.isSameKind(as: signer.origin) {
            return report(
                .signerSocket, signer.text,
                "goes without secretKeyFile, which is given in the same place; remove one of them")
        }
        let what =
            text.entries[.secretKeyFile].map { "secretKeyFile (\($0.origin))" }
            ?? "credential \(SecretKeyFile.credentialName)"
        settings.keyWarning =
            "the daemon has the key itself (\(what)), and the signer is not used; imattr doctor says what to move"
    }

    private mutating func useLifetimeFromSigner() {
        settings.upstream.userSigLifetime = Settings.lifetimeFromSigner
        guard let place = values.firstIndex(where: { $0.key == .userSigTtlSeconds }) else { return }
        values[place] = .init(key: .userSigTtlSeconds, text: "\(Settings.lifetimeFromSigner)", origin: .builtIn)
    }

    private static func callers(_ text: String) -> [String] {
        text.split(separator: ",").map { rule in
            String(rule.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    private mutating func note(_ key: ConfigurationKey, _ value: String, _ origin: ConfigurationText.Origin) {
        if key.needsRestart { settings.restartTexts[key] = value }
        let shown = origin == .builtIn ? value : WrittenText(value, of: key.rule).plain
        values.append(.init(key: key, text: shown.onOneLine, origin: origin))
    }

    private mutating func report(_ key: ConfigurationKey, _ value: String?, _ allowed: String) {
        let shown = value.map { WrittenText($0, of: key.rule) }
        let problem = ConfigurationProblem(key.rawValue, text.entries[key]?.origin, shown, allowed)
        if !problems.contains(problem) { problems.append(problem) }
    }
}

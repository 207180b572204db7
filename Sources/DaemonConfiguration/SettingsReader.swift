/// Turns text into settings by the table of keys, and collects everything that is wrong with it.
struct SettingsReader {
    private let text: ConfigurationText
    private let credentialsDirectory: String?
    private(set) var problems: [ConfigurationProblem]
    /// What holds for each key that has a value, in the keys' order.
    private(set) var values: [ReadConfiguration.Value] = []
    /// What was read; only without problems are all of these values real ones.
    private(set) var settings = Settings()

    init(_ text: ConfigurationText, credentialsDirectory: String?) {
        self.text = text
        self.credentialsDirectory = credentialsDirectory
        problems = text.problems
        for key in ConfigurationKey.allCases { read(key) }
        checkRelations()
        for value in values where value.key.needsRestart { settings.restartTexts[value.key] = value.text }
        if hasURL { settings.restartTexts[.region] = nil }
    }

    private mutating func read(_ key: ConfigurationKey) {
        let row = key.row
        if case .usual(let usual) = row.absence { _ = row.put([usual], &settings) }
        guard let entry = text.entries[key] else { return readNothing(key, row) }
        if entry.isList, row.rule != .rules {
            if case .usual(let usual) = row.absence { note(key, usual, .builtIn) }
            return report(key, entry.text, "must be one value, not a list")
        }
        let elements = row.rule == .rules && !entry.isList ? Self.rules(entry.text) : entry.elements
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
            if key == .secretKeyFile, let credentialsDirectory {
                settings.secretKeyFile = credentialsDirectory + "/imattrd.secret-key"
                return note(key, settings.secretKeyFile, .builtIn)
            }
            report(key, nil, needed)
        }
    }

    private var hasURL: Bool { text.entries[.upstreamUrl].map { !$0.isList } ?? false }

    /// What keys demand of each other.
    private mutating func checkRelations() {
        if let entry = text.entries[.upstreamCaFile], !entry.isList, text.entries[.upstreamUrl] == nil {
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

    private static func rules(_ text: String) -> [String] {
        text.split(separator: ",").map { rule in
            String(rule.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    private mutating func note(_ key: ConfigurationKey, _ value: String, _ origin: ConfigurationText.Origin) {
        values.append(.init(key: key, text: value.onOneLine, origin: origin))
    }

    private mutating func report(_ key: ConfigurationKey, _ value: String?, _ allowed: String) {
        let problem = ConfigurationProblem(key.rawValue, text.entries[key]?.origin, value, allowed)
        if !problems.contains(problem) { problems.append(problem) }
    }
}

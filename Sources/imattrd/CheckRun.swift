import ArgumentParser
import AttributeDaemon
import DaemonConfiguration
import Glibc

/// `imattrd --check`: shows what is in force and what is wrong.
struct CheckRun {
    let source: ConfigurationSource
    let online: Bool
    /// Whose rights are shown; nil: no rights are.
    let caller: NamedCaller?

    /// Gives the status to exit with.
    func run() async throws -> ExitCode {
        let configuration = source.readByHand()
        let finding = try await tryOnline(configuration)
        // There is no signer, or it has no key: then a unit gives it to the daemon itself.
        guard configuration.settings == nil || finding?.isSigned == false,
            let credentials = source.credentialsOfThisMachine()
        else { return try show(configuration, finding) }
        defer { HostKey.removeCredentials(credentials) }
        let other = source.readByHand(credentials: credentials)
        return try await show(other, tryOnline(other))
    }

    private func tryOnline(_ configuration: ReadConfiguration) async throws -> OnlineCheck.Finding? {
        guard online, configuration.settings != nil else { return nil }
        return try await OnlineCheck.run(configuration, on: MainLoop.eventLoop)
    }

    private func show(_ configuration: ReadConfiguration, _ finding: OnlineCheck.Finding?) throws -> ExitCode {
        try show(configuration)
        warnOfSharedApp(configuration)
        let problems = configuration.allProblems
        if !problems.isEmpty { return failure(.misconfigured, problems) }
        if let settings = configuration.settings {
            for line in settings.rules.map(RightsText.lines) ?? [] { try show(line: line) }
            try show(ResourceReport(settings, .ofThisProcess()))
            if let caller {
                for line in RightsText.lines(of: caller.caller, at: caller.door, by: settings) { try show(line: line) }
            }
        }
        if let warning = ResourceReport.warning(ofKeyIn: configuration) { StandardError.say("warning: \(warning)") }
        guard let finding else { return .success }
        if !finding.succeeded { return failure(.misconfigured, finding.lines) }
        for line in finding.lines { try show(line: line) }
        return .success
    }

    private func show(_ configuration: ReadConfiguration) throws {
        let keyWidth = configuration.values.map(\.key.rawValue.count).max() ?? 0
        let valueWidth = min(40, configuration.values.map(\.text.count).max() ?? 0)
        for value in configuration.values {
            try show(
                line: "\(padded(value.key.rawValue, keyWidth))  \(padded(value.text, valueWidth))  \(value.origin)")
        }
    }

    private func show(_ report: ResourceReport) throws {
        for line in report.lines { try show(line: line) }
        for line in report.warnings { StandardError.say("warning: \(line)") }
    }

    private func show(line: String) throws {
        guard puts(line) >= 0, fflush(nil) == 0 else {
            throw failure(.internalError, ["standard output cannot be written: \(String(cString: strerror(errno)))"])
        }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// An app's calls are counted together, so two daemons for one app would both be wrong about the limit.
    private func warnOfSharedApp(_ configuration: ReadConfiguration) {
        guard let app = configuration.settings?.sdkAppID else { return }
        let others = ConfigurationFolder(of: source.path()).files(withApp: app)
        for file in others {
            StandardError.say("warning: \(file) has the same sdkAppId \(app); two daemons would exceed its limit")
        }
    }
}

/// The configurations of other instances, beside a file.
private struct ConfigurationFolder {
    private let folder: String
    private let file: String

    init(of path: String) {
        let slash = path.lastIndex(of: "/")
        folder = slash.map { String(path[..<$0]) } ?? "."
        file = slash.map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The other files there that name this app.
    func files(withApp app: UInt64) -> [String] {
        names.filter { $0.hasSuffix(".yaml") && $0 != file }.map { folder + "/" + $0 }.filter { path in
            let entry = YAMLFile.read(path)?.entries.first { $0.name == ConfigurationKey.sdkAppId.rawValue }
            return entry?.entry.text == String(app)
        }
    }

    private var names: [String] {
        guard let directory = opendir(folder.isEmpty ? "/" : folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.sorted()
    }
}

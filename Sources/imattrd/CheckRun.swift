import ArgumentParser
import AttributeDaemon
import Glibc

/// `imattrd --check`: shows what is in force and what is wrong.
struct CheckRun {
    let source: ConfigurationSource
    let online: Bool

    /// Gives the status to exit with.
    func run() async throws -> ExitCode {
        let configuration = source.read(socketPath: nil)
        show(configuration)
        warnOfSharedApp(configuration)
        let problems = configuration.allProblems
        if !problems.isEmpty { return failure(.misconfigured, problems) }
        if let settings = configuration.settings { show(ResourceReport(settings, .ofThisProcess())) }
        guard online else { return .success }
        let finding = try await OnlineCheck.run(configuration, on: MainLoop.eventLoop)
        if !finding.succeeded { return failure(.misconfigured, finding.lines) }
        for line in finding.lines { puts(line) }
        return .success
    }

    private func show(_ configuration: ReadConfiguration) {
        let keyWidth = configuration.values.map(\.key.rawValue.count).max() ?? 0
        let valueWidth = min(40, configuration.values.map(\.text.count).max() ?? 0)
        for value in configuration.values {
            puts("\(padded(value.key.rawValue, keyWidth))  \(padded(value.text, valueWidth))  \(value.origin)")
        }
    }

    private func show(_ report: ResourceReport) {
        for line in report.lines { puts(line) }
        for line in report.warnings { StandardError.say("warning: \(line)") }
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

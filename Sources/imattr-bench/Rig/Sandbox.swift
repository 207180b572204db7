import FoundationEssentials
import Glibc

/// A running `imattr-sandbox`: the server at which calls are counted.
final class Sandbox: Sendable {
    /// Its first line.
    struct Ready: Decodable {
        var url: String
        var caFile: String
        var sdkAppId: UInt64
        var admin: String
        var secretKeyFile: String
    }

    let ready: Ready
    private let child: Child
    private let reportPath: String

    /// Starts one and returns when it listens. It knows every account, and answers each with its own name.
    static func start(in folder: TemporaryFolder, _ arguments: [String]) async throws -> Sandbox {
        let log = folder.path("sandbox.log")
        let report = folder.path("report.json")
        let child = try Child(
            "imattr-sandbox", ["serve", "--unknown", "echo", "--report-json", report] + arguments, output: log,
            folder: folder)
        do {
            return Sandbox(ready: try await ready(child, log: log), child: child, reportPath: report)
        } catch {
            child.end()
            throw error
        }
    }

    private init(ready: Ready, child: Child, reportPath: String) {
        self.ready = ready
        self.child = child
        self.reportPath = reportPath
    }

    /// What it has seen up to now.
    func report() async throws -> SandboxReport {
        unlink(reportPath)
        child.signal(SIGUSR1)
        return try await Patience.wait(for: "the sandbox's report") {
            // Until it is there, and all of it, it cannot be read: that is what is waited for.
            try? JSONDecoder().decode(SandboxReport.self, from: Data(File.text(self.reportPath).utf8))
        }
    }

    /// Brings in what `--fault-on-signal` says, or takes it away again.
    func toggleFaults() { child.signal(SIGUSR2) }

    func end() { child.end() }

    private static func ready(_ child: Child, log: String) async throws -> Ready {
        try await Patience.wait(for: "the sandbox to listen", log: log, unless: { child.hasEnded }) {
            guard let text = try? File.text(log), let line = text.split(separator: "\n").first else { return nil }
            return try? JSONDecoder().decode(Ready.self, from: Data(line.utf8))
        }
    }
}

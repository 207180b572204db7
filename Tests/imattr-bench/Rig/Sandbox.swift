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
    private let controlPath: String

    /// Starts one and returns when it listens. It knows every account, and answers each with its own name.
    static func start(in folder: TemporaryFolder, _ arguments: [String]) async throws -> Sandbox {
        let log = folder.path("sandbox.log")
        let report = folder.path("report.json")
        let control = folder.path("sandbox.control")
        guard mkfifo(control, 0o600) == 0 else { throw File.Failure(path: control, code: errno) }
        let child = try Child(
            "imattr-sandbox", ["serve", "--unknown", "echo", "--control", "--report-json", report] + arguments,
            input: control, output: log, folder: folder)
        do {
            return Sandbox(
                ready: try await ready(child, log: log), child: child, reportPath: report, controlPath: control)
        } catch {
            child.end()
            throw error
        }
    }

    private init(ready: Ready, child: Child, reportPath: String, controlPath: String) {
        self.ready = ready
        self.child = child
        self.reportPath = reportPath
        self.controlPath = controlPath
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

    /// Gives it a line that it obeys (`imattr-sandbox serve --help`, `--control`).
    func obey(_ line: String) throws {
        let descriptor = open(controlPath, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw File.Failure(path: controlPath, code: errno) }
        defer { close(descriptor) }
        let bytes = Array("\(line)\n".utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw File.Failure(path: controlPath, code: errno)
        }
    }

    func end() { child.end() }

    private static func ready(_ child: Child, log: String) async throws -> Ready {
        try await Patience.wait(for: "the sandbox to listen", log: log, unless: { child.hasEnded }) {
            guard let text = try? File.text(log), let line = text.split(separator: "\n").first else { return nil }
            return try? JSONDecoder().decode(Ready.self, from: Data(line.utf8))
        }
    }
}

import FoundationEssentials
import Glibc
import Synchronization

/// An `imattrd` in front of a sandbox, which can be killed and started again on the same socket.
final class Daemon: Contestant {
    struct NotRunning: Error, CustomStringConvertible {
        var log: String
        var description: String { "imattrd has ended by itself. It said:\n\(log)" }
    }

    let socketPath: String
    let wire = Wire.lines
    /// Which configuration and socket it is started with.
    let arguments: [String]
    let folder: TemporaryFolder
    /// The command that starts it, such as `taskset -c 0`; empty if it is started directly.
    private let wrapper: [String]
    /// Variables that it gets on top of ours.
    private let environment: [String: String]
    private let child = Mutex<Child?>(nil)

    /// The keys that say which upstream.
    private struct Configuration: Encodable {
        var sdkAppId: UInt64
        var admin: String
        var secretKeyFile: String
        var upstreamUrl: String
        var upstreamCaFile: String
    }

    /// One that is not started yet. `arguments` come on top of those that say which socket and which upstream.
    init(
        in folder: TemporaryFolder, sandbox: Sandbox.Ready, _ arguments: [String], through wrapper: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        self.folder = folder
        self.wrapper = wrapper
        self.environment = environment
        socketPath = folder.path("imattrd.sock")
        let configuration = Configuration(
            sdkAppId: sandbox.sdkAppId, admin: sandbox.admin, secretKeyFile: sandbox.secretKeyFile,
            upstreamUrl: sandbox.url, upstreamCaFile: sandbox.caFile)
        // YAML, as every JSON is.
        let file = folder.path("config.yaml")
        try JSONEncoder().encode(configuration).write(to: URL(filePath: file))
        self.arguments = ["--config", file, "--socket", socketPath] + arguments
    }

    /// Starts it and returns when it listens.
    func start() async throws {
        let command = wrapper + [try Child.program("imattrd")] + arguments
        let child = try Child(
            command[0], Array(command.dropFirst()), output: log, folder: folder, environment: environment)
        self.child.withLock { $0 = child }
        try await Patience.wait(for: "imattrd to listen", log: log, unless: { child.hasEnded }) {
            UnixSocket.acceptsConnections(self.socketPath) ? () : nil
        }
    }

    /// `kill -9`.
    func kill() {
        child.withLock { child in
            child?.end()
            child = nil
        }
    }

    /// Throws if it has ended without being killed.
    func checkIsRunning() throws {
        guard child.withLock({ $0?.hasEnded }) == false else { throw NotRunning(log: try File.text(log)) }
    }

    /// What it has used of the processors since it was started.
    func processorTime() throws -> Duration { try ProcessorTime.used(by: pid()) }

    /// How long its threads could run but had to wait for a core, since they were started.
    func delay() throws -> Duration {
        let tasks = "/proc/\(try pid())/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(.zero) { sum, task in
            // A thread may have ended since.
            sum + ProcessorDelay.read(schedstat: (try? File.text("\(tasks)/\(task)/schedstat")) ?? "")
        }
    }

    func pid() throws -> pid_t {
        guard let pid = child.withLock({ $0?.pid }) else { throw NotRunning(log: try File.text(log)) }
        return pid
    }

    private var log: String { folder.path("imattrd.log") }
}

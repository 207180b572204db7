import Glibc
import UpstreamSandbox

/// The daemon of a demo: its files in a folder, its process, its end.
struct DemoDaemon: Sendable {
    let socketPath: String
    private let logPath: String
    private let process: ChildProcess

    /// What keeps the daemon from serving, for a person.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Starts a sandbox and a daemon in front of it, and ends both, and removes their files, when `body` has returned.
    ///
    /// - Parameter socketPath: Where the daemon listens; nil for a socket in a temporary folder.
    static func run<Value: Sendable>(
        _ options: EndpointOptions, socketPath: String?,
        _ body: (DemoDaemon) async -> Result<Value, any Error>
    ) async throws -> Value {
        let program = try Programs.imattrd()
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let sandbox = try await SandboxServer.start(try options.configuration())
        let outcome: Result<Value, any Error>
        do {
            let daemon = try DemoDaemon(
                program: program, folder: folder, sandbox: sandbox, options: options, socketPath: socketPath)
            outcome = await body(daemon)
            await daemon.stop()
        } catch {
            outcome = .failure(error)
        }
        await sandbox.shutDown()
        return try outcome.get()
    }

    /// Writes the configuration for `sandbox`, and starts the daemon.
    private init(
        program: String, folder: TemporaryFolder, sandbox: SandboxServer, options: EndpointOptions, socketPath: String?
    ) throws {
        self.socketPath = socketPath ?? folder.path("imattrd.sock")
        logPath = folder.path("imattrd.log")
        guard self.socketPath.utf8.count <= 107 else {
            let advice = socketPath == nil ? "; set TMPDIR to a shorter folder" : ""
            throw Failure(description: "\(self.socketPath) is too long for a socket, by 107 bytes\(advice).")
        }
        let configuration = try folder.write(
            """
            sdkAppId: \(options.sdkAppID)
            admin: \(Output.json(options.admin))
            secretKeyFile: \(Output.json(folder.write(SandboxConfiguration.madeUpSecretKey + "\n", to: "secret-key")))
            upstreamUrl: \(sandbox.addressURL)
            rateLimit: \(options.rateLimit)
            upstreamCaFile: \(Output.json(folder.write(sandbox.certificateAuthorityPEM, to: "ca.pem")))

            """, to: "config.yaml")
        process = try ChildProcess(
            program, arguments: ["--config", configuration, "--socket", self.socketPath], .background(logPath: logPath))
    }

    /// Returns when the socket answers `ping`; throws if the daemon ends before, or takes more than 20 seconds.
    func waitUntilReady() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(20)
        while clock.now < deadline {
            if let ending = process.ending { throw ended(ending) }
            // Until the daemon has bound its socket, connecting fails: that is what is waited for.
            if let socket = try? LineSocket(path: socketPath),
                let answer = try? socket.exchange(#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#)
            {
                guard JSONRPCAnswer(answer).isResult else { throw Failure(description: "ping got \(answer)") }
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Failure(description: "imattrd did not answer within 20 seconds.\n\(log)")
    }

    /// Throws when the daemon has ended; looks once a second.
    func waitUntilEnd() async throws {
        while true {
            if let ending = process.ending { throw ended(ending) }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Ends the daemon, at the latest after 15 seconds, and reaps it.
    func stop() async {
        await process.stop(within: .seconds(15))
    }

    private var log: String { (try? File.text(logPath)) ?? "" }

    private func ended(_ ending: ChildProcess.Ending) -> Failure {
        Failure(description: "imattrd ended early: \(ending). It said:\n\(log)")
    }
}

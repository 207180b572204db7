/// A sandbox with a daemon in front of it, each a process of its own.
struct Rig: Sendable {
    let sandbox: Sandbox
    let daemon: Daemon

    /// Runs `body` with a new rig. Throws if the daemon does not live through it.
    static func with<Result>(
        _ network: Network, sandbox sandboxArguments: [String] = [], daemon daemonArguments: [String] = [],
        through wrapper: [String] = [], environment: [String: String] = [:], _ body: (Rig) async throws -> Result
    ) async throws -> Result {
        try await withSandbox(network, sandboxArguments) { sandbox, folder in
            let daemon = try Daemon(
                in: folder, sandbox: sandbox.ready, daemonArguments, through: wrapper, environment: environment)
            defer { daemon.kill() }
            try await daemon.start()
            do {
                let result = try await body(Rig(sandbox: sandbox, daemon: daemon))
                try daemon.checkIsRunning()
                return result
            } catch {
                // If it has ended, that is the cause of whatever else went wrong.
                try daemon.checkIsRunning()
                throw error
            }
        }
    }

    /// Runs `body` with a sandbox that has no daemon in front of it.
    static func withSandbox<Result>(
        _ network: Network, _ arguments: [String] = [],
        _ body: (Sandbox, TemporaryFolder) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let sandbox = try await Sandbox.start(in: folder, network.arguments + arguments)
        defer { sandbox.end() }
        return try await body(sandbox, folder)
    }
}

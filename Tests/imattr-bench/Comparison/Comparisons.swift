import FoundationEssentials
import UserSig

/// What the daemon is compared with: programs of ours and of Debian's packages.
struct Comparisons: Sendable {
    /// Where their sources are, from the project's folder.
    private static let sources = "Tests/Comparisons"

    private let folder: TemporaryFolder
    /// What took long to make is kept for the next run.
    private let made = ".build/comparisons"

    /// Makes what has to be made; must be run in the project's folder.
    static func prepare(in folder: TemporaryFolder) async throws -> Comparisons {
        let comparisons = Comparisons(folder: folder)
        let log = folder.path("prepare.log")
        do {
            try await Child("\(sources)/prepare", [comparisons.made], output: log, folder: folder).succeed()
        } catch {
            throw Patience.Exhausted(
                description: "\(sources)/prepare (run imattr-bench in the project's folder): "
                    + ((try? File.text(log)) ?? "\(error)"))
        }
        return comparisons
    }

    /// A bare epoll loop in C that answers each line with the same bytes.
    func floor() async throws -> Server {
        let socket = folder.path("floor.sock")
        return try await .start("\(made)/floor", [socket], socketPath: socket, wire: .lines, in: folder)
    }

    /// Python's asyncio with orjson.
    func asyncio() async throws -> Server {
        let socket = folder.path("asyncio.sock")
        return try await .start(
            "\(made)/venv/bin/python3", ["\(Self.sources)/door_asyncio.py", socket], socketPath: socket, wire: .lines,
            in: folder)
    }

    /// A Python program that answers one line on the socket that is handed over.
    var nothing: [String] { ["/usr/bin/python3", "\(Self.sources)/activated.py"] }

    /// nginx in front of the sandbox. `rate` is its limit, in calls a second.
    func nginx(_ sandbox: Sandbox.Ready, rate: Int) async throws -> Server {
        let configuration = folder.path("nginx.conf")
        let values = [
            "FOLDER": folder.path, "RATE": "\(rate)", "CA": sandbox.caFile,
            "PORT": String(sandbox.url.split(separator: ":").last ?? ""), "URI": try SignedPath.make(sandbox) + "1",
        ]
        var text = try File.text("\(Self.sources)/nginx.conf")
        for (name, value) in values {
            text = text.split(separator: "@\(name)@", omittingEmptySubsequences: false).joined(separator: value)
        }
        try Data(text.utf8).write(to: URL(filePath: configuration))
        return try await .start(
            "/usr/sbin/nginx", ["-e", "stderr", "-c", configuration], socketPath: folder.path("nginx.sock"),
            wire: .http,
            in: folder)
    }

    /// A Python program that asks for one account by itself, and one that asks the daemon; both print microseconds.
    func ownScript(_ sandbox: Sandbox.Ready) -> [String] {
        [
            "/usr/bin/python3", "\(Self.sources)/oneshot_own.py", sandbox.url, sandbox.caFile, "\(sandbox.sdkAppId)",
            sandbox.admin, sandbox.secretKeyFile,
        ]
    }

    func clientScript(_ daemon: Daemon) -> [String] {
        [
            "/usr/bin/env", "PYTHONPATH=clients/python", "/usr/bin/python3", "\(Self.sources)/oneshot_client.py",
            daemon.socketPath,
        ]
    }
}

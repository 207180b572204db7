import AttributeDaemon
import DaemonConfiguration
import Foundation
import JSONRPCServer
import Logging
import NIOCore
import NIOPosix
import UpstreamSandbox

/// A whole daemon on a socket of its own, with a sandbox as its upstream.
final class DaemonUnderTest: Sendable {
    let daemon: Daemon
    let sandbox: SandboxServer
    let folder: URL
    let log: CollectedLog
    private let socket: OwnSocket
    private let group: MultiThreadedEventLoopGroup
    private let flags: MutableFlags

    var socketPath: String { folder.appendingPathComponent("s").path }
    var authorityFile: URL { folder.appendingPathComponent("ca.pem") }
    var keyFile: URL { folder.appendingPathComponent("key") }

    /// Runs `body` with a daemon, and takes everything down afterwards.
    static func run(
        sandbox change: (inout SandboxConfiguration) -> Void = { _ in }, flags: [ConfigurationKey: String] = [:],
        environment: [ConfigurationKey: String] = [:], key: String? = SandboxConfiguration.madeUpSecretKey,
        resources: ResourceLimits = .ample, administrator: UInt32? = nil, yaml: String? = nil,
        clocks: @escaping @Sendable () -> ClockReading = { .now() },
        _ body: (DaemonUnderTest) async throws -> Void
    ) async throws {
        var configuration = SandboxConfiguration()
        change(&configuration)
        let sandbox = try await SandboxServer.start(configuration)
        let test = try await DaemonUnderTest(
            sandbox, configuration, flags, environment, key: key, resources, administrator, yaml, clocks)
        let result: Result<Void, any Error>
        do { result = .success(try await body(test)) } catch { result = .failure(error) }
        try await test.tearDown()
        try result.get()
    }

    private init(
        _ sandbox: SandboxServer, _ configuration: SandboxConfiguration, _ flags: [ConfigurationKey: String],
        _ environmentKeys: [ConfigurationKey: String], key: String?, _ resources: ResourceLimits,
        _ administrator: UInt32?, _ yaml: String?,
        _ clocks: @escaping @Sendable () -> ClockReading
    ) async throws {
        self.sandbox = sandbox
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "imattrd-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let authority = folder.appendingPathComponent("ca.pem")
        try Data(sandbox.certificateAuthorityPEM.utf8).write(to: authority)
        var basic: [ConfigurationKey: String] = [
            .sdkAppId: "\(configuration.sdkAppID)", .admin: configuration.administrator, .upstreamUrl: sandbox.baseURL,
            .upstreamCaFile: authority.path,
        ]
        if let key {
            let path = folder.appendingPathComponent("key").path
            try Data(key.utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            basic[.secretKeyFile] = path
        }
        let variables = Dictionary(
            uniqueKeysWithValues: environmentKeys.map { ($0.key.environmentVariable, $0.value) })
        let all = MutableFlags(basic.merging(flags) { $1 }, yaml: yaml)
        self.flags = all
        let log = CollectedLog()
        self.log = log
        var environment = Daemon.Environment()
        environment.resources = resources
        environment.administrator = administrator
        environment.clocks = clocks
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        socket = try OwnSocket(path: folder.appendingPathComponent("s").path)
        daemon = try await Daemon.start(
            on: group.any(),
            source: {
                ReadConfiguration(
                    ConfigurationText(
                        flags: all.value, environment: variables,
                        file: all.yaml.map { YAMLFile(Array($0.utf8), path: "test.yaml") }),
                    in: Surroundings(credentialsDirectory: nil))
            }, logger: Logger(label: "test") { _ in CollectingLogHandler(log: log) }, environment: environment)
        try await daemon.listen(on: socket.descriptor)
    }

    /// Changes the configuration that the next reload finds; nil takes a key out.
    func set(_ key: ConfigurationKey, _ value: String?) { flags.set(key, value) }

    /// Changes the file that the next reload finds.
    func set(yaml: String?) { flags.yaml = yaml }

    func connect() async throws -> LineClient { try await LineClient.connect(to: socketPath) }

    /// Serves another socket, which has a folder of its own; it is removed with all.
    func listen(as door: Door) async throws -> String {
        let folder = folder.appendingPathComponent(door.name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let socket = try OwnSocket(path: folder.appendingPathComponent("s").path)
        try await daemon.listen(on: socket.descriptor, as: door)
        return folder.appendingPathComponent("s").path
    }

    func status() async throws -> [String: Any] {
        let client = try await connect()
        let answer = try await client.ask(#"{"jsonrpc":"2.0","id":"status","method":"getStatus"}"#)
        try await client.close()
        return answer["result"] as? [String: Any] ?? [:]
    }

    /// Waits until the daemon has ended the turn in which it wrote an answer: what it logs of a call comes after the answers.
    func waitForTurn() async throws { _ = try await status() }

    /// Requests that wait or are under way.
    func openRequests() async throws -> Int? { try await (status()["queue"] as? [String: Any])?["requests"] as? Int }

    /// Waits until the sandbox has seen so many calls; the suite's time limit bounds it.
    func waitForCalls(_ count: Int) async {
        while await sandbox.report().calls < count { try? await Task.sleep(for: .milliseconds(5)) }
    }

    /// Waits until so many requests wait or are under way.
    func waitForRequests(_ count: Int) async throws {
        while try await openRequests() != count { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// What the sandbox and the daemon need for ``occupy(_:)``.
    static let occupying = Fault(.hang, account: "occupied")
    static let occupied: [ConfigurationKey: String] = [.maxInFlight: "1", .upstreamTimeoutMs: "60000"]

    /// Keeps the only call that may be under way from ending, so that what is asked for waits until ``release()``.
    func occupy(_ client: LineClient) async throws {
        let calls = await sandbox.report().calls
        try await client.send(try LineClient.getAttrs(["occupied"], id: 0, timeoutMs: 600_000))
        await waitForCalls(calls + 1)
        try await client.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":0}}"#)
        guard try await client.nextObject().code == -32800 else { throw LineClient.EndOfStream() }
    }

    /// Lets other calls leave beside the one that occupies.
    func release() async throws {
        set(.maxInFlight, "64")
        _ = try await daemon.reload()
    }

    private func tearDown() async throws {
        try await daemon.stop()
        socket.remove()
        await sandbox.shutDown()
        try await group.shutdownGracefully()
        try FileManager.default.removeItem(at: folder)
    }
}

/// Flags that change between reloads.
final class MutableFlags: @unchecked Sendable {
    // Guarded by the lock.
    private var flags: [ConfigurationKey: String]
    private var text: String?
    private let lock = NSLock()

    init(_ flags: [ConfigurationKey: String], yaml: String? = nil) {
        self.flags = flags
        text = yaml
    }

    var value: [ConfigurationKey: String] { lock.withLock { flags } }

    /// The text of the file; nil if there is none.
    var yaml: String? {
        get { lock.withLock { text } }
        set { lock.withLock { text = newValue } }
    }

    func set(_ key: ConfigurationKey, _ value: String?) { lock.withLock { flags[key] = value } }
}

/// Everything that was logged, at any level.
final class CollectedLog: @unchecked Sendable {
    // Guarded by the lock.
    private var collected: [String] = []
    private let lock = NSLock()

    var lines: [String] { lock.withLock { collected } }

    func add(_ line: String) { lock.withLock { collected.append(line) } }
}

struct CollectingLogHandler: LogHandler {
    let log: CollectedLog
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.add("\(event.level) \(event.message) \(event.metadata ?? [:])")
    }
}

extension [String: Any] {
    var error: [String: Any]? { self["error"] as? [String: Any] }
    var code: Int? { error?["code"] as? Int }
    var data: [String: Any]? { error?["data"] as? [String: Any] }
    var result: [String: Any]? { self["result"] as? [String: Any] }
    var userAttrs: [[String: Any]]? { result?["UserAttrs"] as? [[String: Any]] }
    var answered: [String]? { userAttrs?.compactMap { $0["To_Account"] as? String } }
    var missing: [String]? { result?["missing"] as? [String] }
}

import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A stand-in for Tencent's `im_get_attr`, on a TLS socket of this machine.
///
/// It shares no code with the client that it tests: requests are parsed and judged on its own terms.
///
///     let sandbox = try await SandboxServer.start()
///     // … calls to sandbox.baseURL, with sandbox.certificateAuthorityPEM as the only trust root …
///     await sandbox.shutDown()
public final class SandboxServer: Sendable {
    /// The port it listens on.
    public let port: Int
    /// The certificate (PEM) of the authority that a client is to trust. Each server has one of its own.
    public let certificateAuthorityPEM: String

    private let endpoint: SharedEndpoint
    private let connections: NIOLoopBoundBox<Connections>
    private let group: MultiThreadedEventLoopGroup

    private init(
        port: Int, certificateAuthorityPEM: String, endpoint: SharedEndpoint,
        connections: NIOLoopBoundBox<Connections>, group: MultiThreadedEventLoopGroup
    ) {
        self.port = port
        self.certificateAuthorityPEM = certificateAuthorityPEM
        self.endpoint = endpoint
        self.connections = connections
        self.group = group
    }

    /// Starts one; it listens when this returns. Throws what binding to the configured address throws.
    public static func start(_ configuration: SandboxConfiguration = SandboxConfiguration()) async throws
        -> SandboxServer
    {
        let identity = try ServerIdentity(host: configuration.host, address: addressBytes(configuration.host))
        let tls = try NIOSSLContext(configuration: .sandbox(identity))
        let endpoint = SharedEndpoint(configuration)
        // One thread: arrivals have an order, and a core is enough for ten times the vendor's limit.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = NIOLoopBoundBox.makeBoxSendingValue(Connections(), eventLoop: group.any())
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try accept(channel, tls: tls, CallHandler(endpoint: endpoint, connections: connections))
                    }
                }
                .bind(host: configuration.host, port: configuration.port).get()
            return SandboxServer(
                port: channel.localAddress?.port ?? configuration.port,
                certificateAuthorityPEM: identity.authorityPEM, endpoint: endpoint, connections: connections,
                group: group)
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private static func accept(_ channel: any Channel, tls: NIOSSLContext, _ handler: CallHandler) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
        try pipeline.configureHTTPServerPipeline()
        try pipeline.addHandler(handler)
    }

    /// `https://localhost:PORT`.
    public var baseURL: String { "https://localhost:\(port)" }

    /// The same without a name that has to be looked up. It is that of the usual ``SandboxConfiguration/host``.
    public var addressURL: String { "https://127.0.0.1:\(port)" }

    /// Writes ``certificateAuthorityPEM`` to a file, for programs that want one.
    public func writeCertificateAuthority(to path: String) throws {
        try Data(certificateAuthorityPEM.utf8).write(to: URL(filePath: path))
    }

    /// What it plays at present.
    public func configuration() async -> SandboxConfiguration { endpoint.withLock { $0.configuration } }

    /// Changes what it plays, for requests that arrive from now on. Another host, port or seed has no effect; the
    /// faults' own counting starts again.
    public func configure(_ change: @Sendable (inout SandboxConfiguration) -> Void) async {
        endpoint.withLock { endpoint in
            var configuration = endpoint.configuration
            change(&configuration)
            endpoint.configure(configuration)
        }
    }

    /// Replaces all faults; their counting starts anew.
    public func setFaults(_ faults: [Fault]) async {
        await configure { $0.faults = faults }
    }

    /// What happens to every call that arrives from now on, instead of the faults; nil ends the outage.
    public func setOutage(_ kind: Fault.Kind?) async {
        await configure { $0.outage = kind }
    }

    /// Makes all connections that wait for a request useless, and returns how many there were.
    @discardableResult
    public func endIdleConnections(_ how: IdleEnd) async -> Int {
        let ended = connections.eventLoop.submit { [connections] in
            let idle = connections.value.idle
            for handler in idle { handler.end(how) }
            return idle.count
        }
        // After shutDown there are none.
        return (try? await ended.get()) ?? 0
    }

    /// What it has seen since its start. It can still be asked after ``shutDown()``.
    public func report() async -> SandboxReport { endpoint.withLock { $0.report } }

    /// The last requests that arrived, oldest first, at most ``SandboxConfiguration/requestsKept``.
    public func recentRequests() async -> [SandboxRequest] { endpoint.withLock { Array($0.recentRequests) } }

    /// Closes the port and all connections, and returns when all of the server is gone.
    public func shutDown() async {
        // The only failure is that it was shut down before, and then there is nothing left to do.
        try? await group.shutdownGracefully()
    }

    /// The bytes of `host` if it is an IP address.
    private static func addressBytes(_ host: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, host, &bytes) == 1 { return bytes }
        }
        return nil
    }
}

extension TLSConfiguration {
    fileprivate static func sandbox(_ identity: ServerIdentity) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
                .map(NIOSSLCertificateSource.certificate),
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // How long a closing connection waits for the peer to agree; peers that do not must not hold a shutdown up.
        configuration.shutdownTimeout = .milliseconds(100)
        return configuration
    }
}

/// The open connections of a server. Belongs to its event loop.
struct Connections {
    private var handlers: [ObjectIdentifier: CallHandler] = [:]

    mutating func add(_ handler: CallHandler) { handlers[ObjectIdentifier(handler)] = handler }
    mutating func remove(_ handler: CallHandler) { handlers[ObjectIdentifier(handler)] = nil }

    /// Those that wait for a request.
    var idle: [CallHandler] { handlers.values.filter(\.isIdle) }
}

/// How connections that wait for a request become useless.
public enum IdleEnd: String, Sendable, CaseIterable {
    /// They are reset (TCP RST).
    case reset
    /// They are reset when the next request comes: so a client learns of a fail-over or of a forgotten NAT entry.
    case resetOnUse = "reset-on-use"
    /// They are closed.
    case close
    /// They stay open and take every byte, and never answer again.
    case mute
}

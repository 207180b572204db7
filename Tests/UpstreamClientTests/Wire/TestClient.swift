import AttributeValues
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import UpstreamClient
import UpstreamSandbox
import UserSig

/// An upstream client of a sandbox, for one test.
struct TestClient {
    private let client: NIOLoopBound<UpstreamClient>
    private let reported = Events()

    /// - Parameters:
    ///   - url: Where it calls; the sandbox itself if nil.
    ///   - authority: What it trusts (PEM); the sandbox's own authority if nil.
    init(
        of sandbox: SandboxServer, url: String? = nil, authority: String? = nil, timeout: Duration = .seconds(30),
        key: String = SandboxConfiguration.madeUpSecretKey
    ) async throws {
        let roots = TrustRoots(pem: Array((authority ?? sandbox.certificateAuthorityPEM).utf8))
        let played = await sandbox.configuration()
        guard let endpoint = Endpoint(url: url ?? sandbox.baseURL) else { throw NoEndpoint() }
        let configuration = UpstreamConfiguration(
            sdkAppID: played.sdkAppID, admin: played.administrator, endpoint: endpoint,
            trustRoots: roots, timeout: timeout)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        client = try await eventLoop.submit { [reported] in
            NIOLoopBound(
                UpstreamClient(
                    configuration, source: .key(SecretKey(key)), eventLoop: eventLoop,
                    report: { event in reported.list.withLock { $0.append(event) } }),
                eventLoop: eventLoop)
        }.get()
    }

    struct NoEndpoint: Error {}

    private final class Events: Sendable {
        let list = Mutex<[UpstreamClient.Event]>([])
    }

    /// What the client has reported beside the ends of calls.
    var events: [UpstreamClient.Event] { reported.list.withLock { $0 } }

    /// Makes a call and waits for its report.
    func call(_ accounts: Account..., on connection: ConnectionChoice = .any) async throws -> CallEnd {
        try await call(accounts, on: connection)
    }

    /// Makes a call and waits for its report.
    func call(_ accounts: [Account], on connection: ConnectionChoice = .any) async throws -> CallEnd {
        try await client.eventLoop.flatSubmit { [client] in
            let promise = client.eventLoop.makePromise(of: CallEnd.self)
            _ = client.value.getAttributes(CallKey(number: 1), of: accounts, on: connection) { promise.succeed($0) }
            return promise.futureResult
        }.get()
    }

    /// Makes calls at the same time, each on a connection of its own, and waits for their ends.
    func calls(_ count: Int, _ account: Account = "abc") async throws -> [CallEnd] {
        try await client.eventLoop.flatSubmit { [client] in
            let ends = (0..<count).map { _ in
                let promise = client.eventLoop.makePromise(of: CallEnd.self)
                _ = client.value.getAttributes(CallKey(number: 1), of: [account]) { promise.succeed($0) }
                return promise.futureResult
            }
            return EventLoopFuture.whenAllSucceed(ends, on: client.eventLoop)
        }.get()
    }

    /// Makes calls until one is answered, so that the next one finds a connection: on a machine with much else to do, a
    /// handshake can take longer than a short time-out.
    func connect() async throws {
        while try await !call("abc").isAnswered {}
    }

    /// Makes a call, cancels it at once, and waits for its report.
    func cancelledCall(_ accounts: Account...) async throws -> CallEnd {
        try await client.eventLoop.flatSubmit { [client] in
            let promise = client.eventLoop.makePromise(of: CallEnd.self)
            client.value.getAttributes(CallKey(number: 1), of: accounts) { promise.succeed($0) }.cancel()
            return promise.futureResult
        }.get()
    }

    /// Does something with the client on its event loop.
    func onEventLoop<Result: Sendable>(_ body: @escaping @Sendable (UpstreamClient) -> Result) async throws -> Result {
        try await client.eventLoop.submit { [client] in body(client.value) }.get()
    }

    /// Has new connections need a certificate of these authorities (PEM).
    func trust(_ authorities: String) async throws {
        let roots = TrustRoots(pem: Array(authorities.utf8))
        try await onEventLoop { $0.use(timeout: $0.configuration.timeout, trustRoots: roots) }
    }

    func use(timeout: Duration) async throws {
        try await onEventLoop { $0.use(timeout: timeout, trustRoots: $0.configuration.trustRoots) }
    }

    func shutDown() async throws {
        try await client.eventLoop.flatSubmit { [client] in client.value.shutDown() }.get()
    }
}

extension CallEnd {
    var isAnswered: Bool {
        guard case .answered = counted else { return false }
        return true
    }

    var isUnknown: Bool {
        guard case .unknown = counted else { return false }
        return true
    }

    var wasNeverSent: Bool { counted == .neverSent }
}

/// Runs a body with a sandbox and a client of it, and closes both.
func withClient<Result>(
    _ configuration: SandboxConfiguration = SandboxConfiguration(), faults: [Fault] = [],
    timeout: Duration = .seconds(30),
    _ body: (TestClient, SandboxServer) async throws -> Result
) async throws -> Result {
    var configuration = configuration
    configuration.faults = faults
    let sandbox = try await SandboxServer.start(configuration)
    let client = try await TestClient(of: sandbox, timeout: timeout)
    let result = try await body(client, sandbox)
    try await client.shutDown()
    await sandbox.shutDown()
    return result
}

import AttributeValues
import NIOCore
import NIOPosix
import Testing
import UpstreamSandbox

@testable import UpstreamClient

/// Connections that cannot be made, and how connections end.
@Suite struct ConnectionTests {
    /// A call that never left takes no place in the limiter.
    @Test(arguments: ["localhost", "127.0.0.1"])
    func refusedConnectionSendsNothing(host: String) async throws {
        let sandbox = try await SandboxServer.start()
        let client = try await TestClient(of: sandbox, url: "https://\(host):\(sandbox.port)")
        await sandbox.shutDown()
        let report = try await client.call("abc")
        #expect(report.wasNeverSent)
        #expect(report.failure?.kind == .neverSent)
        #expect(report.failure?.message.hasPrefix("cannot connect: ") == true)
        try await client.shutDown()
    }

    @Test func unknownNameSendsNothing() async throws {
        let sandbox = try await SandboxServer.start()
        let client = try await TestClient(of: sandbox, url: "https://name.invalid")
        let report = try await client.call("abc")
        #expect(report.wasNeverSent)
        #expect(report.failure?.kind == .neverSent)
        try await client.shutDown()
        await sandbox.shutDown()
    }

    @Test func unknownAuthorityIsRefused() async throws {
        let stranger = try await SandboxServer.start()
        let sandbox = try await SandboxServer.start()
        let client = try await TestClient(of: sandbox, authority: stranger.certificateAuthorityPEM)
        let report = try await client.call("abc")
        #expect(report.wasNeverSent)
        #expect(report.failure?.kind == .certificate)
        #expect(report.failure?.message.hasPrefix("upstream's certificate is not accepted: ") == true)
        #expect(await sandbox.report().calls == 0)
        try await client.shutDown()
        await sandbox.shutDown()
        await stranger.shutDown()
    }

    /// New connections need a certificate of the new authorities; others stay.
    @Test func authoritiesCanBeChanged() async throws {
        let stranger = try await SandboxServer.start()
        let sandbox = try await SandboxServer.start()
        let client = try await TestClient(of: sandbox)
        #expect(try await client.call("abc").isAnswered)
        try await client.trust(stranger.certificateAuthorityPEM)
        #expect(try await client.call("abc").isAnswered)
        #expect(try await client.call(["abc"], on: .new).failure?.kind == .certificate)
        try await client.trust(sandbox.certificateAuthorityPEM)
        #expect(try await client.call(["abc"], on: .new).isAnswered)
        try await client.shutDown()
        await sandbox.shutDown()
        await stranger.shutDown()
    }

    /// A shorter time-out holds for the calls that begin after the change, and they do not wait for earlier ones.
    @Test func timeoutCanBeChanged() async throws {
        try await withClient(faults: [Fault(.hang)], timeout: .seconds(600)) { client, _ in
            async let early = client.call("abc")
            try await client.use(timeout: .milliseconds(100))
            #expect(try await client.call("def").failure?.message.hasSuffix("within the time-out") == true)
            try await client.shutDown()
            #expect(try await early.failure?.message.hasSuffix("within the time-out") == false)
        }
    }

    /// Where the libraries were compiled is nobody's business.
    @Test func errorsNameNoPlacesOfSources() async throws {
        let text =
            "sslError([Error: 7 error:7:SSL routines:X:VERIFY_FAILED at /a b/.build/c.d/ssl/handshake.cc:393]) at home:1"
        #expect(
            TransportError.withoutPlaces(text)
                == "sslError([Error: 7 error:7:SSL routines:X:VERIFY_FAILED]) at home:1")
        #expect(TransportError.withoutPlaces("no") == "no")
        let stranger = try await SandboxServer.start()
        let sandbox = try await SandboxServer.start()
        let client = try await TestClient(of: sandbox, authority: stranger.certificateAuthorityPEM)
        let message = try #require(try await client.call("abc").failure?.message)
        #expect(!message.contains("/") && !message.contains(".cc"), "\(message)")
        try await client.shutDown()
        await sandbox.shutDown()
        await stranger.shutDown()
    }

    /// `127.0.0.2` is an address that the certificate lacks. The others are names for the resolver, but none of the
    /// certificate's, even though it has the address that `127.1` stands for.
    @Test(arguments: ["127.0.0.2", "127.3", "127.1"])
    func otherNameThanTheCertificatesIsRefused(host: String) async throws {
        var configuration = SandboxConfiguration()
        configuration.host = "0.0.0.0"
        let sandbox = try await SandboxServer.start(configuration)
        let client = try await TestClient(of: sandbox, url: "https://\(host):\(sandbox.port)")
        let report = try await client.call("abc")
        #expect(report.wasNeverSent)
        #expect(report.failure?.kind == .certificate)
        #expect(report.failure?.message.hasPrefix("upstream's certificate is not accepted: ") == true)
        #expect(await sandbox.report().calls == 0)
        try await client.shutDown()
        await sandbox.shutDown()
    }

    @Test func callCancelledBeforeItsConnectionIsMadeSendsNothing() async throws {
        try await withClient { client, sandbox in
            let report = try await client.cancelledCall("abc")
            #expect(report.wasNeverSent)
            #expect(report.failure?.message == "the call was given up")
            #expect(await sandbox.report().calls == 0)
        }
    }

    /// A server that accepts and says nothing: the handshake takes the time-out, and nothing was sent.
    @Test func silentHandshakeSendsNothing() async throws {
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let sandbox = try await SandboxServer.start()
        let port = try #require(silent.localAddress?.port)
        let client = try await TestClient(of: sandbox, url: "https://127.0.0.1:\(port)", timeout: .milliseconds(300))
        let report = try await client.call("abc")
        #expect(report.wasNeverSent)
        #expect(report.failure?.kind == .neverSent)
        try await client.shutDown()
        try await silent.close().get()
        await sandbox.shutDown()
    }

    /// What the kernel has not sent yet must not arrive after a call was given up.
    @Test(arguments: [Fault.Kind.hang, .status(502), .drip(pause: .seconds(10))])
    func connectionOfAFailedCallIsReset(kind: Fault.Kind) async throws {
        let sandbox = try await SandboxServer.start()
        let relay = try Relay.start(to: sandbox.port)
        let client = try await TestClient(of: sandbox, url: "https://localhost:\(relay.port)", timeout: .seconds(2))
        try await client.connect()
        await sandbox.setFaults([Fault(kind)])
        let report = try await client.call("abc")
        #expect(report.isUnknown)
        #expect(await relay.ends.first { _ in true } == .reset)
        try await client.shutDown()
        relay.shutDown()
        await sandbox.shutDown()
    }

    /// At once: TLS's farewell, which the server may leave unanswered, is not sent.
    @Test func idleConnectionIsResetAtShutDown() async throws {
        let sandbox = try await SandboxServer.start()
        let relay = try Relay.start(to: sandbox.port)
        let client = try await TestClient(of: sandbox, url: "https://localhost:\(relay.port)")
        #expect(try await client.call("abc").isAnswered)
        let received = relay.received
        try await client.shutDown()
        #expect(await relay.ends.first { _ in true } == .reset)
        #expect(relay.received == received)
        relay.shutDown()
        await sandbox.shutDown()
    }
}

import AttributeAPI
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import AttributeDaemon

/// The metrics over HTTP.
@Suite(.timeLimit(.minutes(15))) struct MetricsServerTests {
    static let body = "the metrics\n"

    @Test(arguments: ["/metrics", "/metrics?name[]=up"])
    func metricsAreServed(uri: String) async throws {
        try await MetricsReader.run { reader in
            let answer = try await reader.ask("GET \(uri) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("Content-Type: \(GetMetrics.contentType)\r\n"))
            #expect(answer.contains("Content-Length: \(Self.body.utf8.count)\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n\(Self.body)"))
        }
    }

    @Test(arguments: [
        ("GET /metrics/ HTTP/1.0", "404 Not Found"), ("POST /metrics HTTP/1.1", "405 Method Not Allowed"),
        (#"{"jsonrpc":"2.0"}"#, "400 Bad Request"),
    ])
    func nothingElseIs(line: String, status: String) async throws {
        try await MetricsReader.run { reader in
            let answer = try await reader.ask(line + "\r\nHost: localhost\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"))
            #expect(!answer.contains(Self.body))
        }
    }

    @Test func aHeadRequestGetsTheSameHeadAndNoBody() async throws {
        try await MetricsReader.run { reader in
            let rest = " /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let answer = try await reader.ask("HEAD" + rest)
            #expect(try await reader.ask("GET" + rest) == answer + Self.body)
        }
    }

    @Test func aConnectionIsOneRequest() async throws {
        try await MetricsReader.run { reader in
            let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let answer = try await reader.ask(request + request)
            #expect(answer.components(separatedBy: Self.body).count == 2)
        }
    }

    @Test func whoeverSaysNothingIsClosed() async throws {
        try await MetricsReader.run(patience: .milliseconds(20)) { reader in
            let answer = try await reader.ask("")
            #expect(answer.isEmpty)
        }
    }

    @Test func connectionsThatSayNothingKeepNobodyOut() async throws {
        try await MetricsReader.run { reader in
            var open: [any Channel] = []
            for _ in 0..<MetricsServer.maximumConnections { open.append(try await reader.connect()) }
            let answer = try await reader.ask("GET /metrics HTTP/1.0\r\n\r\n")
            #expect(answer.hasSuffix(Self.body))
            // The oldest one has made room.
            try await open[0].closeFuture.get()
            #expect(open.dropFirst().count { $0.isActive } == open.count - 1)
            for channel in open[1...] { try await channel.close() }
        }
    }
}

/// A metrics server on a port of its own, and whoever reads it.
private struct MetricsReader {
    let group: MultiThreadedEventLoopGroup
    let address: NIOCore.SocketAddress

    static func run(patience: TimeAmount = .seconds(10), _ body: (MetricsReader) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (socket, address) = try listeningSocket()
        let loop = group.any()
        let server = try await loop.flatSubmit {
            let pages = HTTPPages(
                metrics: { _, _ in (Array(MetricsServerTests.body.utf8), false) }, readiness: { .ready })
            let server = MetricsServer(eventLoop: loop, patience: patience, pages: pages)
            let bound = NIOLoopBound(server, eventLoop: loop)
            return server.listen(on: socket).map { bound }
        }.get()
        let result: Result<Void, any Error>
        do { result = .success(try await body(MetricsReader(group: group, address: address))) } catch {
            result = .failure(error)
        }
        try await loop.submit { server.value.stop() }.get()
        try await group.shutdownGracefully()
        try result.get()
    }

    /// By bytes, because which module has the members of `sockaddr_in` depends on what else is compiled.
    private static func listeningSocket() throws -> (CInt, NIOCore.SocketAddress) {
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let anyPort = try NIOCore.SocketAddress(ipAddress: "127.0.0.1", port: 0)
        try #require(anyPort.withSockAddr { bind(socket, $0, socklen_t($1)) } == 0 && listen(socket, 64) == 0)
        var address = [UInt8](repeating: 0, count: 128)
        var length = socklen_t(address.count)
        let found = address.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { getsockname(socket, $0.baseAddress, &length) }
        }
        try #require(found == 0)
        return (socket, try NIOCore.SocketAddress(ipAddress: "127.0.0.1", port: Int(address[2]) << 8 | Int(address[3])))
    }

    func connect(_ handler: (any ChannelHandler & Sendable)? = nil) async throws -> any Channel {
        try await ClientBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if let handler { try channel.pipeline.syncOperations.addHandler(handler) }
            }
        }.connect(to: address).get()
    }

    /// Sends a text, and gives all that comes until the other side closes.
    func ask(_ text: String) async throws -> String {
        let (parts, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await connect(PartCollector(continuation))
        // It may be closed already.
        try? await channel.writeAndFlush(ByteBuffer(string: text))
        var answer = ""
        for await part in parts { answer += String(buffer: part) }
        return answer
    }
}

private final class PartCollector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let parts: AsyncStream<ByteBuffer>.Continuation

    init(_ parts: AsyncStream<ByteBuffer>.Continuation) { self.parts = parts }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { parts.yield(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { parts.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

import Glibc
import IMAttrClient
import NIOCore
import NIOPosix
import Testing

/// A daemon of a test's own making on a socket in a temporary folder. For each line it gets it does what the script says.
struct FakeDaemon {
    /// What is done about a line, in order.
    enum Step {
        case send(String)
        case close
    }

    /// Made anew for each connection, so it may keep what it has seen.
    typealias Script = (_ line: String) -> [Step]

    let path: String
    /// Every line that arrives, of all connections.
    let received: AsyncStream<String>

    /// Runs `body` with a daemon that listens.
    static func run(
        _ makeScript: @escaping @Sendable () -> Script, _ body: (FakeDaemon) async throws -> Void
    ) async throws {
        let folder = try temporaryFolder()
        defer { rmdir(folder) }
        let path = folder + "/sock"
        defer { unlink(path) }
        let (received, continuation) = AsyncStream.makeStream(of: String.self)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ScriptHandler(script: makeScript(), received: continuation)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(unixDomainSocketPath: path).get()
        do {
            try await body(FakeDaemon(path: path, received: received))
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    static func temporaryFolder() throws -> String {
        var template = Array("/tmp/imattr-test-XXXXXX".utf8CString)
        return String(cString: try #require(mkdtemp(&template)))
    }

    /// The id of a request whose line starts as the client writes it.
    static func id(_ line: String) -> Int {
        line.split(separator: "\"id\":").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }

    /// An answer's line.
    static func answer(_ line: String, _ result: String) -> Step {
        .send("{\"jsonrpc\":\"2.0\",\"id\":\(id(line)),\"result\":\(result)}\n")
    }

    /// The accounts of a `getAttrs` request without escapes in it.
    static func accounts(_ line: String) -> [Substring] {
        guard let list = line.split(separator: "\"To_Account\":[").last?.prefix(while: { $0 != "]" }) else { return [] }
        return list.split(separator: ",").map { $0.dropFirst().dropLast() }
    }

    /// A result in which every account is there and has no attributes.
    static func allFound(_ line: String) -> Step {
        let entries = accounts(line).map { "{\"To_Account\":\"\($0)\",\"Attrs\":{}}" }.joined(separator: ",")
        return answer(line, "{\"UserAttrs\":[\(entries)],\"missing\":[]}")
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let script: FakeDaemon.Script
    let received: AsyncStream<String>.Continuation
    private var rest = ""

    init(script: @escaping FakeDaemon.Script, received: AsyncStream<String>.Continuation) {
        self.script = script
        self.received = received
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        rest += String(buffer: unwrapInboundIn(data))
        while let end = rest.firstIndex(of: "\n") {
            let line = String(rest[..<end])
            rest = String(rest[rest.index(after: end)...])
            received.yield(line)
            for step in script(line) { perform(step, context) }
        }
    }

    private func perform(_ step: FakeDaemon.Step, _ context: ChannelHandlerContext) {
        switch step {
        case .send(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .close: context.close(promise: nil)
        }
    }
}

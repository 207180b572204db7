import Foundation
import NIOCore
import NIOPosix

/// A caller: sends lines over a Unix socket and waits for lines.
final class LineClient: Sendable {
    private let channel: any Channel
    private let lines: AsyncStream<String>

    static func connect(to path: String) async throws -> LineClient {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LineCollector(continuation))
                }
            }
            .connect(unixDomainSocketPath: path).get()
        return LineClient(channel: channel, lines: lines)
    }

    private init(channel: any Channel, lines: AsyncStream<String>) {
        self.channel = channel
        self.lines = lines
    }

    func send(_ line: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: line + "\n"))
    }

    /// Sends bytes as they are.
    func send(raw bytes: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: bytes)) }

    /// The next line; nil at the end of the stream.
    func next() async -> String? {
        for await line in lines { return line }
        return nil
    }

    func ask(_ line: String) async throws -> [String: Any] {
        try await send(line)
        return try await nextObject()
    }

    func nextObject() async throws -> [String: Any] {
        guard let line = await next() else { throw EndOfStream() }
        guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw NotAnObject(line: line)
        }
        return object
    }

    func getAttrs(_ accounts: [String], id: Int = 1, timeoutMs: Int = 30000) async throws -> [String: Any] {
        try await ask(Self.getAttrs(accounts, id: id, timeoutMs: timeoutMs))
    }

    static func getAttrs(_ accounts: [String], id: Int = 1, timeoutMs: Int = 30000) throws -> String {
        let request: [String: Any] = [
            "jsonrpc": "2.0", "id": id, "method": "getAttrs",
            "params": ["To_Account": accounts, "timeoutMs": timeoutMs],
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self)
    }

    /// Reads what comes, or leaves it where it is.
    func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }

    func halfClose() async throws { try await channel.close(mode: .output) }

    func close() async throws { try? await channel.close() }

    struct EndOfStream: Error {}
    struct NotAnObject: Error { let line: String }
}

private final class LineCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncStream<String>.Continuation
    private var partial = ByteBuffer()

    init(_ continuation: AsyncStream<String>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partial.writeImmutableBuffer(unwrapInboundIn(data))
        while let end = partial.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            let line = partial.readString(length: end - partial.readerIndex) ?? ""
            partial.moveReaderIndex(forwardBy: 1)
            continuation.yield(line)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { continuation.finish() }
    }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

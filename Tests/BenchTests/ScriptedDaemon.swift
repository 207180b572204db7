import Foundation
import NIOCore
import NIOPosix

@testable import imattr_bench

/// Listens on a Unix socket, and gives each line that comes, on whatever connection, the next answer of a script.
enum ScriptedDaemon {
    enum Answer: Sendable {
        case right
        case wrong
        case refusal(retryable: Bool)
        case pong
        case unasked
        case hangUp
    }

    static func run<Result>(_ answers: [Answer], _ body: (String) async throws -> Result) async throws -> Result {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let script = NIOLoopBoundBox.makeBoxSendingValue(answers, eventLoop: eventLoop)
        let path = folder.path("socket")
        let listener = try await ServerBootstrap(group: eventLoop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(LineDecoder()), Handler(script: script),
                    ])
                }
            }
            .bind(unixDomainSocketPath: path).get()
        do {
            let result = try await body(path)
            try await listener.close()
            return result
        } catch {
            try await listener.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let script: NIOLoopBoundBox<[Answer]>

        init(script: NIOLoopBoundBox<[Answer]>) { self.script = script }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let line = unwrapInboundIn(data)
            guard !script.value.isEmpty, let id = Reply.id(of: line) else { return context.close(promise: nil) }
            switch script.value.removeFirst() {
            case .right: send(context, id, #""result":{"UserAttrs":[\#(entry(line))],"missing":[]}"#)
            case .wrong: send(context, id, #""result":{"UserAttrs":[],"missing":[]}"#)
            case .refusal(let retryable):
                let data = #"{"source":"daemon","retryable":\#(retryable),"retryAfterMs":1}"#
                send(context, id, #""error":{"code":-32000,"message":"no","data":\#(data)}"#)
            case .pong: send(context, id, #""result":"pong""#)
            case .unasked: send(context, id + 1000, #""result":"pong""#)
            case .hangUp: context.close(promise: nil)
            }
        }

        /// What belongs to the one account of a question.
        private func entry(_ line: ByteBuffer) -> String {
            let text = String(buffer: line)
            let name = text.split(separator: #"["#).last?.split(separator: "]").first ?? ""
            return #"{"To_Account":\#(name),"Attrs":{"account":\#(name)}}"#
        }

        private func send(_ context: ChannelHandlerContext, _ id: Int, _ rest: String) {
            let line = #"{"jsonrpc":"2.0","id":\#(id),\#(rest)}"# + "\n"
            context.writeAndFlush(NIOAny(ByteBuffer(string: line)), promise: nil)
        }
    }
}

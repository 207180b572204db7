import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A kept-alive HTTPS connection to the sandbox that makes one call at a time. Belongs to one event loop.
final class CallConnection {
    private let channel: any Channel
    private let calls: Calls

    private init(channel: any Channel, calls: Calls) {
        self.channel = channel
        self.calls = calls
    }

    /// Connects to a port of this machine; the future comes when TLS is agreed upon.
    static func connect(
        port: Int, tls: NIOSSLContext, on eventLoop: any EventLoop
    ) -> EventLoopFuture<NIOLoopBound<CallConnection>> {
        ClientBootstrap(group: eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(Calls())
                }
            }
            .connect(host: "localhost", port: port)
            .flatMapThrowing { channel in
                let calls = try channel.pipeline.syncOperations.handler(type: Calls.self)
                return NIOLoopBound(CallConnection(channel: channel, calls: calls), eventLoop: eventLoop)
            }
    }

    /// Makes a call; `completion` is told, once, whether it got a whole answer.
    func call(uri: String, body: ByteBuffer, completion: @escaping (Bool) -> Void) {
        calls.completion = completion
        let headers: HTTPHeaders = ["Host": "localhost", "Content-Length": "\(body.readableBytes)"]
        channel.write(
            HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: uri, headers: headers)),
            promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    func close() { channel.close(promise: nil) }

    private final class Calls: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        var completion: ((Bool) -> Void)?

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .end = unwrapInboundIn(data) { complete(true) }
        }

        func channelInactive(context: ChannelHandlerContext) { complete(false) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func complete(_ isAnswered: Bool) {
            let completion = completion
            self.completion = nil
            completion?(isAnswered)
        }
    }
}

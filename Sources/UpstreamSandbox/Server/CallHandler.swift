import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL

/// One connection's requests: gathers each, delays it, asks the endpoint, and sends the answer.
///
/// The pipeline's own handler hands over one request at a time.
final class CallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// A hundred accounts of 255 bytes, each byte escaped as `\u00XX`, are some 150 KB.
    private static let bodyLimit = 1 << 20

    private let endpoint: SharedEndpoint
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(endpoint: SharedEndpoint) {
        self.endpoint = endpoint
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part):
            guard body.count + part.readableBytes <= Self.bodyLimit else {
                context.close(promise: nil)
                return
            }
            body += Array(part.readableBytesView)
        case .end:
            guard let head else { return }
            let request = SandboxRequest(
                method: head.method.rawValue, uri: head.uri,
                headers: head.headers.map { ($0.name, $0.value) }, body: body)
            let delay = endpoint.withLock { $0.requestDelay() }
            later(delay, context) { self.arrive(request, keepAlive: head.isKeepAlive, context: $0) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Whatever the peer did wrong, it gets no more than the end of its connection.
        context.close(promise: nil)
    }

    private func arrive(_ request: SandboxRequest, keepAlive: Bool, context: ChannelHandlerContext) {
        let (reaction, delay) = endpoint.withLock { endpoint in
            (endpoint.arrive(request, now: .now()), endpoint.answerDelay())
        }
        later(delay, context) { context in
            switch reaction {
            case .answer(let answer): self.send(answer, keepAlive: keepAlive, context: context)
            case .reset: Self.reset(context)
            case .silence: break
            }
        }
    }

    private func send(_ answer: Answer, keepAlive: Bool, context: ChannelHandlerContext) {
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "Date", value: HTTPDate.text(secondsSince1970: endpoint.withLock { $0.now }))
        headers.add(name: "Content-Length", value: String(answer.body.count))
        if answer.ending == .announcedClose { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: answer.status)
        write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), context)

        let closes = !keepAlive || answer.ending != .asRequested
        if let pause = answer.pausePerByte {
            context.flush()
            drip(answer.body[...], pause: pause, thenClose: closes, context: context)
        } else {
            write(.body(.byteBuffer(ByteBuffer(bytes: answer.body))), context)
            end(close: closes, context)
        }
    }

    private func drip(_ body: ArraySlice<UInt8>, pause: Duration, thenClose: Bool, context: ChannelHandlerContext) {
        later(pause, context) { context in
            guard context.channel.isActive else { return }
            guard let byte = body.first else { return self.end(close: thenClose, context) }
            self.write(.body(.byteBuffer(ByteBuffer(bytes: [byte]))), context)
            context.flush()
            self.drip(body.dropFirst(), pause: pause, thenClose: thenClose, context: context)
        }
    }

    private func end(close: Bool, _ context: ChannelHandlerContext) {
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        if close {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    private func write(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(part), promise: nil)
    }

    /// Does `work` after `delay`, and at once if there is none.
    private func later(
        _ delay: Duration, _ context: ChannelHandlerContext, _ work: @escaping (ChannelHandlerContext) -> Void
    ) {
        guard delay > .zero else { return work(context) }
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { work(context) }
    }

    /// Closes the socket under TLS's feet, in the way that makes the kernel send an RST.
    private static func reset(_ context: ChannelHandlerContext) {
        guard let socket = context.channel as? any SocketOptionProvider else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
            let tls = try? bound.value.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
            tls?.close(promise: nil)
        }
    }
}

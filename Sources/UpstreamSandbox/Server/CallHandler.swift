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

    private enum State {
        case waiting
        /// A request is read, or its answer is not sent to its end.
        case busy
        /// The next request is answered by a reset.
        case doomed
        /// Nothing is answered any more.
        case mute
    }

    private let endpoint: SharedEndpoint
    private let connections: NIOLoopBoundBox<Connections>
    private var context: ChannelHandlerContext?
    private var state = State.waiting
    private var order = AnswerOrder()
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(endpoint: SharedEndpoint, connections: NIOLoopBoundBox<Connections>) {
        self.endpoint = endpoint
        self.connections = connections
    }

    /// Whether it waits for a request.
    var isIdle: Bool { state == .waiting }

    /// Makes the connection useless.
    func end(_ how: IdleEnd) {
        guard let context else { return }
        switch how {
        case .reset: Self.reset(context)
        case .resetOnUse: state = .doomed
        case .close: context.close(promise: nil)
        case .mute: state = .mute
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        endpoint.withLock { $0.connectionAccepted() }
        connections.value.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        connections.value.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .waiting, .busy: break
        case .mute: return
        case .doomed:
            state = .mute
            return Self.reset(context)
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            state = .busy
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
            switch self.order.next(reaction) {
            case .answer(let answer):
                self.later(answer.delay, context) { self.send(answer, keepAlive: keepAlive, context: $0) }
            case .reset: Self.reset(context)
            case .silence: break
            }
        }
    }

    private func send(_ answer: Answer, keepAlive: Bool, context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let head = responseHead(answer)
        write(.head(head), context)
        switch answer.ending {
        case .cut(let bodyBytes), .reset(let bodyBytes):
            return breakOff(answer, after: bodyBytes, context)
        case .asRequested, .announcedClose, .silentClose: break
        }
        let ends = { (context: ChannelHandlerContext) in
            self.end(close: !keepAlive || answer.ending != .asRequested, surplus: answer.surplus, context) {
                AnswerBytes.of(head, body: answer.body)
            }
        }
        if let pause = answer.pausePerByte {
            context.flush()
            drip(answer.body[...], pause: pause, context: context, then: ends)
        } else {
            write(.body(.byteBuffer(ByteBuffer(bytes: answer.body))), context)
            ends(context)
        }
    }

    private func responseHead(_ answer: Answer) -> HTTPResponseHead {
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "Date", value: HTTPDate.text(secondsSince1970: endpoint.withLock { $0.now }))
        headers.add(name: "Content-Length", value: String(answer.body.count))
        if answer.ending == .announcedClose { headers.add(name: "Connection", value: "close") }
        return HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
    }

    private func drip(
        _ body: ArraySlice<UInt8>, pause: Duration, context: ChannelHandlerContext,
        then ends: @escaping (ChannelHandlerContext) -> Void
    ) {
        later(pause, context) { context in
            guard context.channel.isActive else { return }
            guard let byte = body.first else { return ends(context) }
            self.write(.body(.byteBuffer(ByteBuffer(bytes: [byte]))), context)
            context.flush()
            self.drip(body.dropFirst(), pause: pause, context: context, then: ends)
        }
    }

    /// Ends the connection in the middle of an answer.
    private func breakOff(_ answer: Answer, after bodyBytes: Int, _ context: ChannelHandlerContext) {
        let written = context.eventLoop.makePromise(of: Void.self)
        let part = ByteBuffer(bytes: answer.body.prefix(bodyBytes))
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))), promise: written)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            if case .reset = answer.ending { Self.reset(bound.value) } else { bound.value.close(promise: nil) }
        }
    }

    private func end(
        close: Bool, surplus: Answer.Surplus?, _ context: ChannelHandlerContext, again: @escaping () -> [UInt8]
    ) {
        let written = context.eventLoop.makePromise(of: Void.self)
        if state == .busy { state = .waiting }
        // What is written at once leaves in one write with the answer; the pipeline may read the next request meanwhile.
        switch surplus {
        case nil: context.write(wrapOutboundOut(.end(nil)), promise: written)
        case .bytes(let bytes): end(context, thenRaw: bytes, written)
        case .again(let time) where time == .zero: end(context, thenRaw: again(), written)
        case .again(let time):
            context.write(wrapOutboundOut(.end(nil)), promise: written)
            later(time, context) { context in
                Self.writeRaw(again(), context)
                context.flush()
            }
        }
        context.flush()
        if close {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    private func end(_ context: ChannelHandlerContext, thenRaw bytes: [UInt8], _ written: EventLoopPromise<Void>) {
        context.write(wrapOutboundOut(.end(nil)), promise: written)
        Self.writeRaw(bytes, context)
    }

    /// Writes bytes that belong to no answer, past the encoder of answers.
    private static func writeRaw(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        encoder?.write(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
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

/// An HTTP answer as bytes.
enum AnswerBytes {
    /// The answer with this head and body.
    static func of(_ head: HTTPResponseHead, body: [UInt8]) -> [UInt8] {
        let fields = head.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array("HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n\(fields)\r\n".utf8) + body
    }
}

/// The form that HTTP gives to dates: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(secondsSince1970: Int) -> String {
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let day = "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)])"
        return "\(day) \(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }

    private static func two(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

import NIOCore
import NIOHTTP1

/// Writes each request in one piece.
///
/// NIO's own encoder takes a head, a body and an end, each of which passes through all handlers and becomes a buffer of its own; for
/// requests as small as these that costs a quarter of the whole exchange. The decoder of the answers still has to see a head, to know
/// that a request has left and that it was no `HEAD`, whose answer has no body.
final class RequestEncoder: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = ByteBuffer

    /// What is to be written for each request.
    static let part = HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"))

    /// The request that is written next.
    var next: Exchange?
    private let headers: String

    init(authority: String) { headers = " HTTP/1.1\r\nHost: \(authority)\r\nContent-Type: application/json\r\n" }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let exchange = next else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        next = nil
        let length = "Content-Length: \(exchange.body.readableBytes)\r\n\r\n"
        var bytes = context.channel.allocator.buffer(
            capacity: 5 + exchange.uri.utf8.count + headers.utf8.count + length.utf8.count + exchange.body.readableBytes
        )
        bytes.writeString("POST ")
        bytes.writeString(exchange.uri)
        bytes.writeString(headers)
        bytes.writeString(length)
        bytes.writeImmutableBuffer(exchange.body)
        context.write(wrapOutboundOut(bytes), promise: promise)
    }
}

import NIOCore
import NIOHTTP1

/// Writes each request in one piece, at once.
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
    /// All between the random number of the query and the length of the body.
    private let headers: String

    init(authority: String) {
        headers =
            "\(GetAttrRequest.queryEnd) HTTP/1.1\r\nHost: \(authority)\r\n"
            + "Content-Type: application/json\r\nContent-Length: "
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let request = next?.request else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        next = nil
        // The words below, and numbers of at most ten digits.
        let wordsAndNumbers = 30
        var bytes = context.channel.allocator.buffer(
            capacity: request.path.utf8.count + headers.utf8.count + request.body.count + wordsAndNumbers)
        bytes.writeStaticString("POST ")
        bytes.writeString(request.path)
        bytes.writeString(String(request.random))
        bytes.writeString(headers)
        bytes.writeString(String(request.body.count))
        bytes.writeStaticString("\r\n\r\n")
        bytes.writeBytes(request.body)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
    }
}

import JSONTokens
import NIOCore

/// A connection's end on the event loop: lines out, answers in.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What a connection reports.
    enum Event {
        case answer(Answer)
        case violation(IMAttrError)
        case end
    }

    private var lines: LineSplitter
    private let tell: (Event) -> Void
    private var isOver = false

    init(maximumAnswerBytes: Int, tell: @escaping (Event) -> Void) {
        lines = LineSplitter(limit: maximumAnswerBytes)
        self.tell = tell
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        do {
            while !isOver, let line = try lines.next(&buffer) {
                if line.allSatisfy(\.isJSONWhiteSpace) { continue }
                tell(.answer(try Answer(line: line)))
            }
        } catch let error as IMAttrError {
            violate(error)
        } catch {
            violate(.protocol("an answer of more than \(lines.limit) bytes"))
        }
    }

    private func violate(_ error: IMAttrError) {
        isOver = true
        tell(.violation(error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        tell(.end)
    }

    // What it was does not matter: the connection is over, and what it owed is asked again on another.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

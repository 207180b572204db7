import JSONRPC
import JSONTokens
import NIOCore

/// The connection's end on the event loop: sends requests, matches answers to them by id, and fails what is left when
/// the connection ends.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var lines: LineSplitter
    private var waiting: [Int: EventLoopPromise<JSONSlice>] = [:]
    private var latestID = 0
    private var context: ChannelHandlerContext?
    /// Why no more requests can be sent. Requests under way may still be answered.
    private var ending: IMAttrError?

    init(maximumAnswerBytes: Int) { lines = LineSplitter(limit: maximumAnswerBytes) }

    // MARK: Requests

    /// Sends a request's line. The promise is kept with the result, or broken with an ``IMAttrError``.
    func start(_ id: Int, line: [UInt8], _ promise: EventLoopPromise<JSONSlice>) {
        guard let context, ending == nil else { return promise.fail(ending ?? .connectionLost) }
        waiting[id] = promise
        latestID = max(latestID, id)
        send(line, context)
    }

    /// Gives a request up, and tells the daemon, unless it has been answered.
    func cancel(_ id: Int) {
        guard let promise = waiting.removeValue(forKey: id) else { return }
        promise.fail(IMAttrError.cancelled)
        if let context, ending == nil { send(RequestLine.cancellation(of: id), context) }
    }

    private func send(_ line: [UInt8], _ context: ChannelHandlerContext) {
        // A failed write needs no attention of its own: the channel closes, and that fails whoever waits.
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: line)), promise: nil)
    }

    // MARK: Answers

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        do {
            while let line = try lines.next(&buffer) {
                if line.allSatisfy(\.isJSONWhiteSpace) { continue }
                try receive(Answer(line: line), context)
            }
        } catch let error as IMAttrError {
            abandon(error, context)
        } catch {
            abandon(.notOurProtocol("an answer of more than \(lines.limit) bytes"), context)
        }
    }

    private func receive(_ answer: Answer, _ context: ChannelHandlerContext) throws(IMAttrError) {
        if answer.id == .null { return try endInput(answer, context) }
        guard let id = Int(String(decoding: answer.id.token, as: UTF8.self)), id > 0, id <= latestID else {
            throw .notOurProtocol("an answer to a request that was never made")
        }
        // An answer that nobody waits for is one to a request that was given up.
        waiting.removeValue(forKey: id)?.completeWith(answer.outcome.mapError(IMAttrError.refused))
    }

    /// An error with a null id concerns the connection (too many of them, say), or a line that could not be read. Nothing
    /// more is sent; what the daemon has understood it answers, and then it closes.
    private func endInput(_ answer: Answer, _ context: ChannelHandlerContext) throws(IMAttrError) {
        guard case .failure(let error) = answer.outcome else { throw .notOurProtocol("a result for nobody") }
        if ending == nil { ending = .refused(error) }
        context.close(mode: .output, promise: nil)
    }

    // MARK: The end

    private func abandon(_ error: IMAttrError, _ context: ChannelHandlerContext) {
        ending = error
        failWaiting(error)
        context.close(promise: nil)
    }

    private func failWaiting(_ error: IMAttrError) {
        let promises = waiting.values
        waiting = [:]
        for promise in promises { promise.fail(error) }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        failWaiting(ending ?? .connectionLost)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ending = ending ?? .connectionLost
        failWaiting(ending ?? .connectionLost)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

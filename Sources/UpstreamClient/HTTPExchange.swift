import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Follows one request of the HTTP client, on the event loop, and says how it ended.
///
/// The client is told to give up as soon as the answer cannot be used any more, so that its connection is closed.
final class HTTPExchange: HTTPClientResponseDelegate, Sendable {
    /// The largest answer that is read: 100 users have at most about 630 KB, all escaped.
    static let maximumBodySize = 1 << 20

    /// How an exchange ended.
    struct End {
        let headSent: Bool
        let headReceivedAt: NIODeadline?
        let dateHeader: String?
        let body: Result<ByteBuffer, any Error>
    }

    /// An answer whose body is of no interest.
    struct UnusableHead: Error {
        let status: HTTPResponseStatus
    }

    /// A body beyond ``maximumBodySize``.
    struct BodyTooLarge: Error {}

    private struct State {
        var headSent = false
        var headReceivedAt: NIODeadline?
        var dateHeader: String?
        var body = ByteBuffer()
        var completion: ((End) -> Void)?
    }

    private let state: NIOLoopBoundBox<State>

    /// - Parameter completion: Called once, on the event loop, after the connection was closed or given back.
    init(eventLoop: any EventLoop, completion: @escaping (End) -> Void) {
        state = NIOLoopBoundBox(State(completion: completion), eventLoop: eventLoop)
    }

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
        state.value.headSent = true
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.value.headReceivedAt = .now()
        state.value.dateHeader = head.headers.first(name: "Date")
        guard head.status == .ok else { return task.eventLoop.makeFailedFuture(UnusableHead(status: head.status)) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        guard state.value.body.readableBytes + part.readableBytes <= Self.maximumBodySize else {
            return task.eventLoop.makeFailedFuture(BodyTooLarge())
        }
        state.value.body.writeImmutableBuffer(part)
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {
        finish(.success(state.value.body))
    }

    /// Waits for the end of a task that fails.
    ///
    /// The task's own end is waited for, not ``didReceiveError(task:_:)``: the client fails some tasks without calling
    /// it, for example all that come after its shutdown.
    func follow(_ task: HTTPClient.Task<Void>) {
        task.futureResult.whenFailure { [self] error in
            // The client may tell of the error first and close the connection after it, in the same turn of the loop.
            // The moment of the close counts, so the end is told in the next turn.
            let end = NIOLoopBound({ [self] in finish(.failure(error)) }, eventLoop: task.eventLoop)
            task.eventLoop.execute { end.value() }
        }
    }

    private func finish(_ body: Result<ByteBuffer, any Error>) {
        guard let completion = state.value.completion else { return }
        state.value.completion = nil
        let state = state.value
        completion(
            End(
                headSent: state.headSent, headReceivedAt: state.headReceivedAt, dateHeader: state.dateHeader, body: body
            ))
    }
}

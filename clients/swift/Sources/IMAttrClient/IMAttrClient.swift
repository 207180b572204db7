import NIOCore
import NIOPosix
import Synchronization

/// A client of imattrd.
///
/// It connects when the first call is made. Calls may be made from any number of tasks; they share one connection, and
/// each gets its own answer however the answers are ordered. Cancelling a task withdraws its call. When the connection
/// is lost, or the daemon shuts down, the client repeats the unanswered requests on a new one, within their time, and the caller
/// does not notice.
///
/// A Swift program cannot fork. A process that it starts does not inherit the connection.
///
///     let client = IMAttrClient()
///     let result = try await client.getAttrs(["Zhang Xiaohong", "abc"])
///     for user in result.userAttrs { print(user.account, user.attrs) }
public final class IMAttrClient: Sendable {
    /// The version of this client.
    public static let version = "0.1.0"
    /// Bytes that one answer may have by default: four times what 10,000 accounts can fill.
    public static let defaultMaximumAnswerBytes = 256 << 20

    /// The daemon's socket.
    public let socketPath: String
    let eventLoop: any EventLoop
    private let loop: NIOLoopBoundBox<ClientLoop>
    private let latestID = Atomic<Int>(0)

    /// Makes a client; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - socketPath: The daemon's socket.
    ///   - maximumAnswerBytes: A longer answer ends the connection.
    public init(
        socketPath: String = IMAttrSocket.defaultPath(), maximumAnswerBytes: Int = defaultMaximumAnswerBytes
    ) {
        self.socketPath = socketPath
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let loop = ClientLoop(path: socketPath, maximumAnswerBytes: maximumAnswerBytes, eventLoop: eventLoop)
        self.eventLoop = eventLoop
        self.loop = .makeBoxSendingValue(loop, eventLoop: eventLoop)
    }

    deinit {
        // No call waits, since a waiting call holds the client; a connection may be left.
        eventLoop.execute { [loop] in _ = loop.value.close() }
    }

    /// Runs `body` with a client, and closes it afterwards.
    ///
    /// - Throws: What `body` throws.
    public static func withClient<Result, Failure: Error>(
        socketPath: String = IMAttrSocket.defaultPath(),
        maximumAnswerBytes: Int = defaultMaximumAnswerBytes,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (IMAttrClient) async throws(Failure) -> sending Result
    ) async throws(Failure) -> sending Result {
        let client = IMAttrClient(socketPath: socketPath, maximumAnswerBytes: maximumAnswerBytes)
        do throws(Failure) {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }

    /// Ends the client: calls that wait, and every later call, fail with ``IMAttrError/cancelled``.
    public func close() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            eventLoop.execute { [loop] in loop.value.close().whenComplete { _ in done.resume() } }
        }
    }

    // MARK: Methods

    /// Returns if the daemon answers.
    ///
    /// - Parameter timeout: 1 ms to 600 s.
    public func ping(timeout: Duration = .seconds(30)) async throws(IMAttrError) {
        let reply = try await reply(to: Request("ping", params: nil, timeout: timeout))
        if reply.slice.bytes != Array("\"pong\"".utf8) {
            throw distrust(reply, .protocol("an answer to ping that is not pong"))
        }
    }

    /// The daemon's state, limits and counters.
    ///
    /// - Parameter timeout: 1 ms to 600 s.
    public func getStatus(timeout: Duration = .seconds(30)) async throws(IMAttrError) -> Status {
        let reply = try await reply(to: Request("getStatus", params: nil, timeout: timeout))
        do throws(IMAttrError) {
            return try Status(reply.slice)
        } catch {
            throw distrust(reply, error)
        }
    }

    /// Calls any method.
    ///
    /// - Parameters:
    ///   - method: A method of the daemon, such as `getMetrics`.
    ///   - params: The JSON text of an object or an array; nil for none.
    ///   - timeout: The whole time of the call, 1 ms to 600 s. The daemon does not know it, unless the method has a parameter for it.
    /// - Returns: The JSON text of the result.
    public func call(
        _ method: String, params: [UInt8]? = nil, timeout: Duration = .seconds(30)
    ) async throws(IMAttrError) -> [UInt8] {
        try await reply(to: Request(method, params: params, timeout: timeout)).slice.bytes
    }

    // MARK: Calls

    /// Makes a call and waits for its answer; cancelling the task cancels the call.
    func reply(to request: Request) async throws(IMAttrError) -> Reply {
        let call = newCall()
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start(call, request) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            withdraw(call)
        }.get()
    }

    func newCall(of job: PendingCall.Job? = nil) -> PendingCall {
        PendingCall(id: latestID.add(1, ordering: .relaxed).newValue, job: job)
    }

    /// Makes a call without waiting for its answer.
    func start(_ call: PendingCall, _ request: Request, _ completion: @escaping ClientLoop.Completion) {
        eventLoop.execute { [loop] in loop.value.submit(call, request, completion) }
    }

    /// Gives a call up; does nothing if it has ended.
    func withdraw(_ call: PendingCall) {
        call.noteWithdrawal()
        eventLoop.execute { [loop] in loop.value.withdraw(call) }
    }

    /// An answer had not the promised shape: its connection is ended. Gives the error to throw.
    func distrust(_ reply: Reply, _ error: IMAttrError) -> IMAttrError {
        eventLoop.execute { [loop] in loop.value.distrust(reply.connection, error) }
        return error
    }
}

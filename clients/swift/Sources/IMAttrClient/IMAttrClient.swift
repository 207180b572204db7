import NIOCore
import NIOPosix
import Synchronization

/// A connection to imattrd.
///
/// Calls may be made from any number of tasks; they share the connection, and each gets its own answer however the
/// answers are ordered. Cancelling a task withdraws its call. A lost connection stays lost: make another one.
///
///     try await IMAttrClient.withConnection { client in
///         let result = try await client.getAttrs(["Zhang Xiaohong", "abc"])
///     }
public final class IMAttrClient: Sendable {
    /// Bytes that one answer may have unless told otherwise: four times what 10,000 accounts can fill.
    public static let defaultMaximumAnswerBytes = 256 << 20

    private let channel: any Channel
    private let handler: NIOLoopBound<ConnectionHandler>
    private let latestID = Atomic<Int>(0)

    private init(_ channel: any Channel, _ handler: NIOLoopBound<ConnectionHandler>) {
        self.channel = channel
        self.handler = handler
    }

    // MARK: Connecting

    /// Connects, runs `body`, and closes the connection.
    ///
    /// - Parameters:
    ///   - socketPath: The daemon's socket.
    ///   - maximumAnswerBytes: A longer answer ends the connection.
    /// - Throws: ``IMAttrError/cannotConnect(path:errno:)``, and what `body` throws.
    public static func withConnection<Result>(
        socketPath: String = IMAttrSocket.defaultPath(),
        maximumAnswerBytes: Int = defaultMaximumAnswerBytes,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (IMAttrClient) async throws -> sending Result
    ) async throws -> sending Result {
        let client = try await connect(socketPath: socketPath, maximumAnswerBytes: maximumAnswerBytes)
        do {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }

    /// Connects. The connection stays open until ``close()`` or until the daemon closes it.
    ///
    /// - Throws: ``IMAttrError/cannotConnect(path:errno:)``.
    public static func connect(
        socketPath: String = IMAttrSocket.defaultPath(),
        maximumAnswerBytes: Int = defaultMaximumAnswerBytes
    ) async throws(IMAttrError) -> IMAttrClient {
        do {
            return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(unixDomainSocketPath: socketPath) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = ConnectionHandler(maximumAnswerBytes: maximumAnswerBytes)
                        try channel.pipeline.syncOperations.addHandler(handler)
                        return IMAttrClient(channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                    }
                }
        } catch {
            throw .cannotConnect(path: socketPath, error)
        }
    }

    /// Closes the connection. Calls under way fail with ``IMAttrError/connectionLost``.
    public func close() async {
        // The only way it fails is that the connection is closed already.
        try? await channel.close()
    }

    // MARK: Calls

    /// Fetches the attributes of accounts, as many as the daemon takes in one request (10,000 unless configured).
    ///
    /// - Parameters:
    ///   - accounts: Each 1…255 bytes of UTF-8.
    ///   - timeoutMs: How long the daemon may take, 1…600000 ms; its default is 30000.
    ///   - maxAgeMs: How old an answer it already holds may be, 0…3600000 ms; its default, 0, asks upstream.
    public func getAttrs(
        _ accounts: some Sequence<Account>, timeoutMs: Int? = nil, maxAgeMs: Int? = nil
    ) async throws(IMAttrError) -> GetAttrsResult {
        let params = RequestLine.getAttrsParams(accounts, timeoutMs: timeoutMs, maxAgeMs: maxAgeMs)
        return try GetAttrsResult(try await result(of: start("getAttrs", params: params)))
    }

    /// Asks whether the daemon is there and answers.
    public func ping() async throws(IMAttrError) {
        let result = try await call("ping")
        guard result == Array("\"pong\"".utf8) else { throw .notOurProtocol("an answer to ping that is not pong") }
    }

    /// The daemon's state, limits and counters: the JSON text of an object.
    public func getStatus() async throws(IMAttrError) -> [UInt8] { try await call("getStatus") }

    /// Calls any method.
    ///
    /// - Parameter params: The JSON text, on one line, of an object or an array; nil for none.
    /// - Returns: The JSON text of the result.
    public func call(_ method: String, params: [UInt8]? = nil) async throws(IMAttrError) -> [UInt8] {
        try await result(of: start(method, params: params)).bytes
    }

    // MARK: Calls in two halves

    /// A call that has been sent.
    struct Call: Sendable {
        let id: Int
        fileprivate let result: EventLoopFuture<JSONSlice>
    }

    /// Sends a request without waiting for its answer.
    func start(_ method: String, params: [UInt8]?) -> Call {
        let id = latestID.add(1, ordering: .relaxed).newValue
        let line = RequestLine.request(id, method, params: params)
        let promise = channel.eventLoop.makePromise(of: JSONSlice.self)
        channel.eventLoop.execute { [handler] in handler.value.start(id, line: line, promise) }
        return Call(id: id, result: promise.futureResult)
    }

    /// Waits for a call's answer; cancelling the task cancels the call.
    func result(of call: Call) async throws(IMAttrError) -> JSONSlice {
        do {
            return try await withTaskCancellationHandler {
                try await call.result.get()
            } onCancel: {
                cancel(call)
            }
        } catch {
            throw error as? IMAttrError ?? .connectionLost
        }
    }

    /// Gives a call up; does nothing if it has been answered.
    func cancel(_ call: Call) {
        channel.eventLoop.execute { [handler] in handler.value.cancel(call.id) }
    }
}

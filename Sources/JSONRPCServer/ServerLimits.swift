import JSONRPC
import NIOCore

/// The bounds of the door. Each refusal names the one it reached.
public struct ServerLimits: Hashable, Sendable {
    /// Connections at once. The owner of the process's descriptors sees to it that there are as many.
    public var maxConnections = 4096
    /// Connections of one user at once.
    public var maxConnectionsPerUID = 2048
    /// Bytes in a line, without its end.
    public var maxLineBytes = 4 << 20
    /// Bytes of answers not yet written, and also of lines not yet complete, of all connections together.
    public var maxBufferedBytes = 128 << 20
    /// How long a client may leave its answers unread before its connection is closed.
    public var writeTimeout: TimeAmount = .seconds(60)

    /// The default bounds.
    public init() {}

    /// Unwritten bytes beyond which a connection is not read from.
    static let maxUnwrittenPerConnection = 1 << 20
    /// Connections that may wait to be accepted; the kernel cuts it down to its own bound.
    static let acceptQueue: CInt = 4096
    /// The error of a client that was refused for one of these bounds.
    static let retryAfterMs: Int64 = 1000
}

extension ErrorObject {
    /// `-32000`: one of the door's limits is reached.
    static func overloadedServer(_ name: String, _ value: Int) -> ErrorObject {
        .overloaded(.init(name, value), retryAfterMs: ServerLimits.retryAfterMs)
    }

    static func lineTooLong(_ limit: Int) -> ErrorObject {
        var error = ErrorObject(.invalidRequest, "a line may have at most \(limit) bytes; the connection closes")
        error.limit = .init("maxLineBytes", limit)
        return error
    }

    static let thisIsNotHTTP = ErrorObject(
        .invalidRequest, "this socket speaks line-delimited JSON-RPC 2.0, not HTTP; the connection closes")

    static let framingIsLines = ErrorObject(
        .invalidRequest,
        "this socket is line-delimited: one JSON text a line, without headers such as Content-Length; the connection closes"
    )

    static let requestIsOneLine = ErrorObject(
        .parseError, "the text ends inside a value: a request is one line, without line ends between its members")
}

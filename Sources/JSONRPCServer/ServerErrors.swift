import JSONRPC

extension ErrorObject {
    /// `-32000`: one of the door's limits is met.
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

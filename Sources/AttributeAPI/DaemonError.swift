import JSONRPC

/// The daemon's own error codes, beside JSON-RPC's and upstream's.
public enum DaemonErrorCode: Int, CaseIterable, Sendable {
    /// A limit is met; `retryAfterMs` says when to come back.
    case overloaded = -32000
    /// Time ran out, or is certain to.
    case deadlineExceeded = -32001
    /// Upstream cannot be reached, or does not answer as documented.
    case upstreamUnreachable = -32002
    /// The caller is not allowed to ask.
    case accessDenied = -32003
    /// The daemon stops.
    case shuttingDown = -32004
    /// The daemon has no usable configuration or credential.
    case misconfigured = -32005
    /// The caller took the request back.
    case cancelled = -32800

    /// Whether the same request may succeed later without anybody changing anything.
    public var isRetryable: Bool {
        switch self {
        case .overloaded, .deadlineExceeded, .upstreamUnreachable, .shuttingDown: true
        case .accessDenied, .misconfigured, .cancelled: false
        }
    }
}

extension ErrorObject {
    /// One of the daemon's own errors.
    public init(_ code: DaemonErrorCode, _ message: String) {
        self.init(code: code.rawValue, message: message, retryable: code.isRetryable)
    }

    /// `-32000`, with the limit that is met.
    public static func overloaded(_ limit: Limit, retryAfterMs: Int64) -> ErrorObject {
        var error = ErrorObject(.overloaded, "overloaded: \(limit.name) is \(limit.value); try again later")
        error.limit = limit
        error.retryAfterMs = retryAfterMs
        return error
    }
}

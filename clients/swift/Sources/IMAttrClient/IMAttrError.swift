/// Why a call has no result.
public enum IMAttrError: Error, Hashable, Sendable {
    /// The socket could not be connected to. `errno` tells apart what a caller can do about it: `ENOENT` and
    /// `ECONNREFUSED` mean that no daemon listens, `EACCES` that this user may not call.
    case cannotConnect(path: String, errno: CInt)
    /// The connection ended before the answer came. Asking again on a new connection is safe: nothing is ever changed.
    case connectionLost
    /// What listens on the socket does not speak JSON-RPC 2.0 as the daemon does; the text says what was met.
    case notOurProtocol(String)
    /// The daemon answered with an error, its own or upstream's.
    case refused(ErrorObject)
    /// The task that waited for the answer was cancelled; the daemon has been told.
    case cancelled
}

extension IMAttrError {
    /// The error that the daemon answered, if it did.
    public var answer: ErrorObject? {
        if case .refused(let error) = self { error } else { nil }
    }

    /// The code of the answer: a code of JSON-RPC or of the daemon below zero, else upstream's own `ErrorCode`.
    public var code: Int? { answer?.code }

    /// Whether the same call may succeed later without anybody changing anything.
    public var retryable: Bool {
        switch self {
        case .refused(let error): error.retryable
        case .connectionLost: true
        case .cannotConnect, .notOurProtocol, .cancelled: false
        }
    }

    /// Milliseconds before which asking again is of no use, if the daemon said so.
    public var retryAfterMs: Int64? { answer?.retryAfterMs }
}

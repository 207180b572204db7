/// Why a call has no result.
public enum IMAttrError: Error, Hashable, Sendable {
    /// Nothing was sent: an account that has not 1…255 bytes of UTF-8 (the text names its index), or a number out of range.
    case argument(String)
    /// The daemon answered with an error, its own or upstream's.
    case refused(ErrorObject)
    /// The socket could not be connected to. `errno` tells apart what a caller can do about it: `ENOENT` and
    /// `ECONNREFUSED` mean that no daemon listens, `EACCES` that this user is not in group `imattr`.
    case unreachable(path: String, errno: CInt)
    /// The daemon went away and did not come back in time. Asking again is safe: nothing is ever changed.
    case lost
    /// No answer came in time; the daemon has been told that nobody waits any more.
    case deadline
    /// What listens on the socket does not speak JSON-RPC 2.0 as the daemon does; the text says what was met.
    case `protocol`(String)
    /// The task that waited for the answer was cancelled, or the client was closed; the daemon has been told.
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
        case .lost, .deadline: true
        case .argument, .unreachable, .protocol, .cancelled: false
        }
    }

    /// Milliseconds before which asking again is of no use, if the daemon said so.
    public var retryAfterMs: Int64? { answer?.retryAfterMs }
}

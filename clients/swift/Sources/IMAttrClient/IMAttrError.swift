import Glibc
import JSONRPC

/// Why a call has no result.
public enum IMAttrError: Error, Hashable, Sendable {
    /// Nothing was sent: an account that has not 1…255 bytes of UTF-8 (the text names its index), a number out of range, params
    /// that are not JSON. The text names the argument.
    case argument(String)
    /// The daemon answered with an error, its own or upstream's; but -32001 is ``deadline(_:)``.
    case refused(ErrorObject)
    /// The socket could not be connected to. `errno` says what a caller can do about it: `ENOENT` and
    /// `ECONNREFUSED` mean that no daemon listens, `EACCES` that this user is not in group `imattr`.
    case unreachable(path: String, errno: CInt)
    /// The daemon went away and did not come back in time. Asking again is safe: nothing is ever changed.
    case lost
    /// No answer came in time: the daemon said so, with the code -32001 (`answer` is its error), or said nothing (nil; it has been
    /// asked to withdraw the request).
    case deadline(_ answer: ErrorObject? = nil)
    /// What listens on the socket does not speak JSON-RPC 2.0 as the daemon does; the text says what was met.
    case `protocol`(String)
    /// The task that waited for the answer was cancelled, or the client was closed; the daemon has been notified.
    case cancelled
}

extension IMAttrError {
    /// The error that the daemon answered, if it did.
    public var answer: ErrorObject? {
        switch self {
        case .refused(let error): error
        case .deadline(let error): error
        case .argument, .unreachable, .lost, .protocol, .cancelled: nil
        }
    }

    /// The code of the answer: a code of JSON-RPC or of the daemon below zero, else upstream's own `ErrorCode`.
    public var code: Int? { answer?.code }

    /// Whether the same call may succeed later without any change.
    public var retryable: Bool {
        switch self {
        case .refused(let error): error.retryable
        case .deadline(let error): error?.retryable ?? true
        case .lost: true
        case .argument, .unreachable, .protocol, .cancelled: false
        }
    }

    /// Milliseconds before which asking again is of no use, if the daemon said so.
    public var retryAfterMs: Int64? { answer?.retryAfterMs }
}

extension IMAttrError {
    private static let deadlineExceeded = -32001

    /// What an error that the daemon answered is to the caller.
    init(answered error: ErrorObject) {
        self = error.code == Self.deadlineExceeded ? .deadline(error) : .refused(error)
    }

    /// The same as an error of each account of its request; nil if it is about the request or the daemon.
    var ofAccounts: ErrorObject? {
        switch self {
        case .deadline(let answer):
            answer ?? ErrorObject(code: Self.deadlineExceeded, message: "no answer came in time", retryable: true)
        case .refused(let answer): answer.isAboutAccounts ? answer : nil
        case .argument, .unreachable, .lost, .protocol, .cancelled: nil
        }
    }

    /// Ends the program with the error as one line on standard error, and with status 1. For scripts: a script that throws
    /// ends with a backtrace.
    public func exit() -> Never {
        let line = Array("\(self)\n".utf8)
        // There is nothing else to do if it fails.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        Glibc.exit(1)
    }
}

extension ErrorObject {
    private static let upstreamUnreachable = -32002
    /// The codes of JSON-RPC and of the daemon; all others are upstream's.
    private static let ownCodes = -32768 ... -32000

    fileprivate var isAboutAccounts: Bool {
        code == Self.overloadedCode || code == Self.upstreamUnreachable || !(Self.ownCodes ~= code)
    }
}

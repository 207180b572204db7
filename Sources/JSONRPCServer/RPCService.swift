import Accounting
import JSONRPC

/// How a service answers a request. There is no way not to.
public enum Reply {
    /// The answer.
    case now(Response.Outcome)
    /// The answer comes by the completion that was given with the request. `cancel` is called, at most once and before
    /// any answer has come, when the answer is not wanted any more; the completion then has no effect.
    case later(cancel: () -> Void)
}

/// Takes the answer to a request that is answered later. It keeps the connection in memory, so it is to be dropped when it has
/// been called, or when the answer is not wanted any more.
public struct Completion {
    let connection: Connection
    let number: UInt64

    /// Answers the request; no effect if that was done before, or if the answer is not wanted any more.
    public func callAsFunction(_ outcome: Response.Outcome) { connection.completed(number, outcome) }
}

/// Answers requests, on the event loop of the server.
public protocol RPCService: AnyObject {
    /// Answers a request, now or later.
    /// - Parameter completion: To be called once if the reply is ``Reply/later(cancel:)``, never before this returns.
    func call(_ request: Request, on connection: any RPCConnection, completion: Completion) -> Reply

    /// Takes note of a notification, which has no answer.
    func notified(of notification: Request, on connection: any RPCConnection)

    /// Whose part of each bound of the server a connection takes, for as long as it is open.
    func principal(of caller: Caller, at door: Door) -> Principal

    /// The client of a connection does not read its answers: over 1 MiB of them wait for it. Its requests that wait may be kept
    /// back until ``readingResumed(_:)``, or until the connection ends, which withdraws them. Not called while a call or a
    /// completion of this connection is running, but maybe at the end of ``JSONRPCServer/answerTogether(_:)``.
    func readingStopped(_ connection: any RPCConnection)

    /// The client has read again: at most 1 MiB waits for it.
    func readingResumed(_ connection: any RPCConnection)
}

extension RPCService {
    /// Its user's; that of all administrators on their socket.
    public func principal(of caller: Caller, at door: Door) -> Principal {
        door == .administrators ? .administrators : Principal(uid: caller.uid)
    }

    /// Does nothing.
    public func readingStopped(_ connection: any RPCConnection) {}

    /// Does nothing.
    public func readingResumed(_ connection: any RPCConnection) {}
}

/// The connection that a request came by.
public protocol RPCConnection: AnyObject {
    /// Who is at the other end.
    var caller: Caller { get }

    /// Whose part of each bound the connection takes.
    var principal: Principal { get }

    /// The socket that it came by.
    var door: Door { get }

    /// What it has asked for; the service counts items.
    var use: ConnectionUse { get set }

    /// What the service has found out about it; the service's own.
    var note: ServiceNote { get set }

    /// Identifies the connection among those of the server: counts from 1.
    var number: UInt64 { get }

    /// Ends every waiting request of the connection that has this id, with this error.
    func cancel(_ id: RequestID, with error: ErrorObject)
}

import JSONRPC
import JSONRPCServer
import NIOCore

/// Answers as the method's name says:
/// - `now`: at once; `large/N`: at once, with N bytes; `fail/N`: at once, with an error that has N bytes;
/// - `soon`: in a later turn of the loop; `wait`: when the test says so;
/// - `greedy`: as `wait`, but being withdrawn it has all others answered;
/// - `closeAll`: closes all connections, then answers at once.
///
/// The notification `cancel` with one positional param withdraws the requests with that id.
final class ScriptedService: RPCService {
    /// What was called, in order.
    private(set) var calls: [String] = []
    private(set) var notifications: [String] = []
    /// Requests that were withdrawn.
    private(set) var withdrawn = 0
    /// Connections whose clients did not read, and those that read again.
    private(set) var stopped = 0
    private(set) var resumed = 0
    /// What the server must not do.
    private(set) var faults: [String] = []
    weak var server: JSONRPCServer?

    private struct Weak { weak var connection: (any RPCConnection)? }

    private let eventLoop: any EventLoop
    private var waiting: [Int: Completion] = [:]
    private var lastNumber = 0
    private var connections: [ObjectIdentifier: Weak] = [:]

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Requests that wait.
    var waitingCount: Int { waiting.count }

    /// Connections that have called and are still in memory.
    var connectionsInMemory: Int { connections.values.count { $0.connection != nil } }

    var callers: [Caller] { connections.values.compactMap { $0.connection?.caller } }

    func call(_ request: Request, on connection: any RPCConnection, completion: Completion) -> Reply {
        calls.append(request.method)
        connections[ObjectIdentifier(connection)] = Weak(connection: connection)
        let parts = request.method.split(separator: "/")
        let size = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
        switch parts.first {
        case "now": return .now(Self.answer("now"))
        case "large": return .now(Self.answer(String(repeating: "x", count: size)))
        case "fail": return .now(.error(Self.error(size)))
        case "soon": return later(completion, soon: true)
        case "wait": return later(completion)
        case "greedy": return later(completion) { $0.answerAll() }
        case "closeAll":
            server?.closeConnectionsNow()
            return .now(Self.answer("closed"))
        default: return .now(.error(ErrorObject(.methodNotFound)))
        }
    }

    func notified(of notification: Request, on connection: any RPCConnection) {
        notifications.append(notification.method)
        guard notification.method == "cancel" else { return }
        let params = notification.params
        let id = RequestID(token: Array(params.line[params.range].dropFirst().dropLast()))
        connection.cancel(id, with: ErrorObject(code: -32800, message: "request cancelled"))
    }

    func readingStopped(_ connection: any RPCConnection) { stopped += 1 }

    func readingResumed(_ connection: any RPCConnection) { resumed += 1 }

    /// Answers every request that waits.
    func answerAll(with size: Int = 4) {
        for number in waiting.keys.sorted() { answer(number, with: size) }
    }

    /// Answers one of the requests that wait.
    func answerOne(_ choice: Int, with size: Int) {
        let numbers = waiting.keys.sorted()
        if !numbers.isEmpty { answer(numbers[choice % numbers.count], with: size) }
    }

    private func answer(_ number: Int, with size: Int) {
        waiting.removeValue(forKey: number)?(Self.answer(String(repeating: "y", count: size)))
    }

    private func later(
        _ completion: Completion, soon: Bool = false,
        cancelling: @escaping (ScriptedService) -> Void = { _ in }
    ) -> Reply {
        lastNumber += 1
        let number = lastNumber
        waiting[number] = completion
        if soon {
            let service = NIOLoopBound(self, eventLoop: eventLoop)
            eventLoop.execute { service.value.answer(number, with: 4) }
        }
        return .later { [self] in
            withdrawn += 1
            if waiting.removeValue(forKey: number) == nil { faults.append("withdrawn after its answer or twice") }
            cancelling(self)
        }
    }

    private static func answer(_ text: String) -> Response.Outcome { .result(Array("\"\(text)\"".utf8)) }

    private static func error(_ size: Int) -> ErrorObject {
        var error = ErrorObject(code: 90001, message: "failed", source: .upstream)
        error.errorInfo = String(repeating: "z", count: size)
        return error
    }
}

import JSONRPC
import NIOCore
import NIOPosix
import Testing

@testable import JSONRPCServer

/// A server with a scripted service on a real socket and an event loop of its own.
final class TestServer {
    struct TimedOut: Error {}

    /// What the server counts.
    struct Counters: Hashable, Sendable {
        var connections = 0
        var buffered = 0
        var inputBytes = 0
    }

    private struct Parts {
        let server: JSONRPCServer
        let service: ScriptedService
    }

    let path: String
    let socket: OwnSocket
    let eventLoop: any EventLoop
    private let parts: NIOLoopBound<Parts>

    /// Runs a test. When it is over and all connections are closed, nothing may be left of them.
    /// - Parameter isOwn: Whether no other process goes on with the socket.
    static func run(
        _ limits: ServerLimits = ServerLimits(), isOwn: Bool = false, _ body: (TestServer) throws -> Void
    ) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let folder = try TemporaryFolder()
        defer {
            folder.remove()
            #expect(throws: Never.self) { try group.syncShutdownGracefully() }
        }
        let server = try TestServer("\(folder.path)/socket", limits, group.next(), isOwn: isOwn)
        defer { server.socket.remove() }
        try body(server)
        try server.finish()
    }

    private init(_ path: String, _ limits: ServerLimits, _ eventLoop: any EventLoop, isOwn: Bool) throws {
        self.path = path
        self.eventLoop = eventLoop
        socket = try bound(path)
        parts = try eventLoop.submit {
            let service = ScriptedService(eventLoop: eventLoop)
            let server = JSONRPCServer(
                service: service, limits: limits, eventLoop: eventLoop, identify: SimulatedUser.caller)
            service.server = server
            return NIOLoopBound(Parts(server: server, service: service), eventLoop: eventLoop)
        }.wait()
        let socket = socket
        let unbind: @Sendable () -> Void = { socket.unbind() }
        try eventLoop.flatSubmit { [parts] in
            parts.value.server.listen(on: socket.descriptor, unbind: isOwn ? unbind : nil)
        }.wait()
    }

    func client(uid: UInt32? = nil) throws -> Client { try Client(path, uid: uid) }

    /// Runs something on the event loop.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (JSONRPCServer, ScriptedService) throws -> Value) throws
        -> Value
    {
        try eventLoop.submit { [parts] in try body(parts.value.server, parts.value.service) }.wait()
    }

    /// As ``onLoop(_:)``, and waits for the outcome.
    func onLoopAndAfter(_ body: @escaping @Sendable (JSONRPCServer) -> EventLoopFuture<Void>) throws {
        try eventLoop.flatSubmit { [parts] in body(parts.value.server) }.wait()
    }

    var counters: Counters {
        get throws {
            try onLoop { server, _ in
                Counters(
                    connections: server.connectionCount, buffered: server.bufferedBytes,
                    inputBytes: server.ledger.inputBytes)
            }
        }
    }

    /// Waits until something holds on the event loop.
    func wait(until condition: @escaping @Sendable (JSONRPCServer, ScriptedService) -> Bool) throws {
        let deadline = NIODeadline.now() + .seconds(300)
        while try !onLoop(condition) {
            if NIODeadline.now() > deadline { throw TimedOut() }
        }
    }

    /// Waits until the loop has looked at all sockets many times and the server has had nothing to do. Only an answer
    /// on a socket shows that it has looked; tasks alone can keep a loop busy without.
    func settle() throws {
        let probe = try client()
        var last = Counters()
        var calm = 0
        while calm < 20 {
            try probe.send("x\n")
            _ = try probe.line()
            let now = try counters
            calm = now == last ? calm + 1 : 0
            last = now
        }
        probe.close()
        let connections = last.connections
        try wait { server, _ in server.connectionCount < connections }
    }

    private func finish() throws {
        try onLoop { server, _ in
            server.stopAccepting()
            server.closeConnectionsNow()
        }
        try wait { server, service in server.connectionCount == 0 && service.connectionsInMemory == 0 }
        #expect(try counters == Counters())
        #expect(try onLoop { _, service in service.waitingCount } == 0, "every request was answered or withdrawn")
        #expect(try onLoop { _, service in service.faults } == [])
    }
}

/// The line of a request.
func request(_ method: String, id: some CustomStringConvertible = 1, end: String = "\n") -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}\#(end)"#
}

/// The line of a notification.
func notification(_ method: String, _ params: String = "[]") -> String {
    #"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"# + "\n"
}

/// The line of an answer.
func answer(_ text: String = "now", id: some CustomStringConvertible = 1) -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"result":"\#(text)"}"#
}

/// Whether a line is an error with this code and id.
func isError(_ line: String?, _ code: Int, id: some CustomStringConvertible = "null", limit: String? = nil) -> Bool {
    guard let line, line.hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"#) else { return false }
    guard let limit else { return true }
    return line.contains(#""limitName":"\#(limit)""#)
}

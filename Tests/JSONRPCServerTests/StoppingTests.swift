import Glibc
import NIOCore
import Testing

@testable import JSONRPCServer

@Suite struct StoppingTests {
    @Test func connectionsCloseWhenTheirAnswersAreOut() throws {
        try TestServer.run { server in
            let (idle, waiting, slow) = try (server.client(), server.client(), server.client())
            try idle.send(request("now") + #"{"jsonrpc""#)
            #expect(try idle.line() == answer())
            try waiting.send(request("wait"))
            try slow.send((1...10).map { request("large/100000", id: $0) }.joined())
            try server.wait { server, service in service.calls.count == 12 && server.connectionCount == 3 }
            let closed = try server.onLoop { server, _ in
                server.stopAccepting()
                return server.closeConnections()
            }
            #expect(try idle.linesToTheEnd() == [])
            // Not taken, and the client knows it.
            #expect(waiting.sendWhatFits(Array(request("now").utf8)[...]) == -1)
            try server.onLoop { _, service in service.answerAll() }
            #expect(try waiting.linesToTheEnd() == [answer("yyyy")])
            #expect(try slow.linesToTheEnd().count == 10)
            try closed.wait()
            #expect(try server.counters == .init())
        }
    }

    @Test func withNoConnectionItIsDoneAtOnceAndMayBeAskedAgain() throws {
        try TestServer.run { server in
            try server.onLoopAndAfter { $0.closeConnections() }
            try server.onLoopAndAfter { $0.closeConnections() }
        }
    }

    @Test func aConnectionThatComesTooLateIsClosed() throws {
        try TestServer.run { server in
            try server.onLoopAndAfter { $0.closeConnections() }
            let client = try server.client()
            #expect(try client.line() == nil)
        }
    }

    /// Neither what was sent and not read yet is lost, nor who has connected and was not accepted yet.
    @Test func whatWasSentBeforeTheEndIsAnswered() throws {
        try TestServer.run(isOwn: true) { server in
            let (clients, path) = (Clients(), server.path)
            clients.list = [try server.client()]
            try clients.list.first?.send(request("now"))
            #expect(try clients.list.first?.line() == answer())
            try server.onLoop { (server, _) -> Void in
                for _ in 0..<20 { clients.list.append(try Client(path, uid: nil)) }
                for client in clients.list {
                    try client.send(request("now") + request("now", id: 2) + #"{"jsonrpc""#)
                }
                server.stopAccepting().assumeIsolated().whenSuccess { _ = server.closeConnections() }
            }
            for client in clients.list {
                #expect(try client.linesToTheEnd() == [answer(), answer(id: 2)])
            }
        }
    }

    /// Touched on the loop only while the test waits for it.
    private final class Clients: @unchecked Sendable { var list: [Client] = [] }

    @Test func whatWaitsToBeAcceptedStaysForTheNextProcess() throws {
        try TestServer.run { server in
            let inherited = dup(server.socket.descriptor)
            defer { close(inherited) }
            try server.onLoop { server, _ in _ = server.stopAccepting() }
            let client = try server.client()
            try client.send(request("now"))
            try server.onLoopAndAfter { $0.listen(on: dup(inherited)) }
            #expect(try client.line() == answer())
        }
    }
}

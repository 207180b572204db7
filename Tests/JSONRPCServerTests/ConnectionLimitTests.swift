import Glibc
import Testing

@testable import JSONRPCServer

@Suite struct ConnectionLimitTests {
    private static func limits(_ all: Int, ofOneUser: Int) -> ServerLimits {
        var limits = ServerLimits()
        (limits.maxConnections, limits.maxConnectionsPerUID) = (all, ofOneUser)
        return limits
    }

    @Test(arguments: [(2, 5, "maxConnections"), (5, 2, "maxConnectionsPerUid"), (2, 2, "maxConnections")])
    func oneTooManyIsToldSoAndClosed(_ all: Int, _ ofOneUser: Int, _ name: String) throws {
        try TestServer.run(Self.limits(all, ofOneUser: ofOneUser)) { server in
            var clients = try [server.client(), server.client()]
            try server.wait { server, _ in server.connectionCount == 2 }
            for _ in 1...3 {
                let refused = try server.client()
                let lines = try refused.linesToTheEnd()
                #expect(lines.count == 1)
                #expect(isError(lines.first, -32000, limit: name))
                #expect(lines.first?.contains(#""limit":2,"#) == true)
            }
            try clients[1].send(request("now"))
            #expect(try clients[1].line() == answer())
            clients.removeFirst().close()
            try server.wait { server, _ in server.connectionCount == 1 }
            let next = try server.client()
            try next.send(request("now"))
            #expect(try next.line() == answer())
        }
    }

    @Test func aRefusedClientThatHasSentSomethingGetsItsLineToo() throws {
        try TestServer.run(Self.limits(0, ofOneUser: 0)) { server in
            let stop = try LoopStop(server.eventLoop)
            let client = try server.client()
            try client.send(request("now"))
            client.halfClose()
            stop.end()
            #expect(isError(try client.line(), -32000, limit: "maxConnections"))
            #expect(try client.line() == nil)
        }
    }

    @Test func aChangedLimitHoldsForNewConnections() throws {
        try TestServer.run { server in
            let first = try server.client()
            try first.send(request("now"))
            #expect(try first.line() == answer())
            try server.onLoop { server, _ in server.limits.maxConnections = 1 }
            #expect(isError(try server.client().line(), -32000, limit: "maxConnections"))
            try server.onLoop { server, _ in server.limits.maxLineBytes = 1 }
            try first.send(request("now"))
            #expect(try first.line() == answer())
        }
    }

    @Test func callersAreKnown() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("now"))
            #expect(try client.line() == answer())
            let caller = try #require(try server.onLoop { _, service in service.callers }.first)
            #expect(caller.uid == geteuid())
            #expect(caller.gid == getegid())
            var groups = [gid_t](repeating: 0, count: 65536)
            let count = getgroups(CInt(groups.count), &groups)
            #expect(caller.groups.sorted() == groups.prefix(Int(count)).sorted())
        }
    }

    @Test func manyMayWaitToBeAccepted() throws {
        try TestServer.run { server in
            let stop = try LoopStop(server.eventLoop)
            defer { stop.end() }
            // Not blocking: with a full queue, connecting would otherwise wait for the loop that waits for us.
            var sockets: [CInt] = []
            defer { for socket in sockets { close(socket) } }
            for _ in 1...500 {
                let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
                sockets.append(socket(AF_UNIX, kind, 0))
                try #require(Client.connect(sockets[sockets.count - 1], server.path) == 0, "\(sockets.count)")
            }
        }
    }
}

import Testing

@testable import JSONRPCServer

@Suite struct CancellationTests {
    @Test func allRequestsWithTheIDAreWithdrawnAndNoOthers() throws {
        try TestServer.run { server in
            let client = try server.client()
            let other = try server.client()
            try other.send(request("wait", id: 1))
            try server.wait { _, service in service.waitingCount == 1 }
            try client.send(
                ["1", "1.0", #""1""#, "1"].map { request("wait", id: $0) }.joined() + notification("cancel", "[1]"))
            for _ in 1...2 { #expect(isError(try client.line(), -32800, id: 1)) }
            #expect(try server.onLoop { _, service in service.withdrawn } == 2)
            try server.onLoop { _, service in service.answerAll() }
            #expect(try client.lines(2) == [answer("yyyy", id: "1.0"), answer("yyyy", id: #""1""#)])
            #expect(try other.line() == answer("yyyy", id: 1))
        }
    }

    @Test func anUnknownIDIsNothing() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("now") + notification("cancel", "[1]") + request("now", id: 2))
            #expect(try client.lines(2) == [answer(), answer(id: 2)])
        }
    }

    @Test func aRequestCanBeCancelledInItsBatch() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send("[" + request("wait", end: ",") + notification("cancel", "[1]").dropLast() + "]\n")
            #expect(try client.line()?.hasPrefix(#"[{"jsonrpc":"2.0","id":1,"error":{"code":-32800,"#) == true)
        }
    }

    @Test func aRequestThatIsAnsweredWhileAnotherIsWithdrawnIsAnsweredOnce() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("greedy") + request("wait") + notification("cancel", "[1]") + request("now", id: 2))
            #expect(try client.line() == answer("yyyy"))
            #expect(isError(try client.line(), -32800, id: 1))
            #expect(try client.line() == answer(id: 2))
        }
    }

    @Test func theSameWhenTheClientCloses() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("greedy") + request("wait") + "[" + request("wait", end: "]\n"))
            try server.wait { _, service in service.waitingCount == 3 }
            client.close()
            try server.wait { server, _ in server.connectionCount == 0 }
            #expect(try server.onLoop { _, service in service.withdrawn } == 1)
        }
    }
}

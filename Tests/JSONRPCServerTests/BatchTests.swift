import Testing

@testable import JSONRPCServer

@Suite struct BatchTests {
    @Test func answersStandInTheOrderOfTheRequests() throws {
        try TestServer.run { server in
            let client = try server.client()
            let items = [
                request("wait", id: 1), notification("note"), "1", request("now", id: 2), request("soon", id: 3),
            ]
            try client.send("[" + items.joined(separator: ",").filter { $0 != "\n" } + "]\n" + request("now", id: 4))
            #expect(try client.line() == answer(id: 4))
            try server.onLoop { _, service in service.answerAll() }
            let line = try #require(try client.line())
            #expect(
                line.hasPrefix("[" + answer("yyyy", id: 1) + #",{"jsonrpc":"2.0","id":null,"error":{"code":-32600"#))
            #expect(line.hasSuffix("," + answer(id: 2) + "," + answer("yyyy", id: 3) + "]"))
            #expect(try server.onLoop { _, service in service.notifications } == ["note"])
        }
    }

    @Test func aBatchOfNotificationsIsAnsweredWithNothing() throws {
        try TestServer.run { server in
            let client = try server.client()
            let notes = Array(repeating: notification("note").dropLast(), count: 3).joined(separator: ",")
            try client.send("[\(notes)]\n")
            client.halfClose()
            #expect(try client.linesToTheEnd() == [])
            #expect(try server.onLoop { _, service in service.notifications.count } == 3)
        }
    }

    @Test func aBatchThatIsTooLongIsRefusedAsAWhole() throws {
        try TestServer.run { server in
            let client = try server.client()
            let items = Array(repeating: request("now", end: ""), count: 1001)
            try client.send("[" + items.joined(separator: ",") + "]\n" + request("now"))
            #expect(isError(try client.line(), -32600))
            #expect(try client.line() == answer())
        }
    }

    @Test func whatABatchHasSoFarIsCountedUntilItsClientIsGone() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send("[" + request("large/5000", end: ",") + request("wait", end: "]\n"))
            try server.wait { server, _ in server.bufferedBytes > 5000 }
            client.close()
            try server.wait { server, _ in server.connectionCount == 0 }
            #expect(try server.counters == .init())
        }
    }

    @Test func closingAllConnectionsInTheMiddleOfABatchEndsIt() throws {
        try TestServer.run { server in
            let client = try server.client()
            let methods = ["now", "wait", "closeAll", "wait", "now"]
            try client.send("[" + methods.map { request($0, end: "") }.joined(separator: ",") + "]\n")
            #expect(try client.linesToTheEnd() == [])
            #expect(try server.onLoop { _, service in service.calls } == ["now", "wait", "closeAll"])
        }
    }
}

import Testing

@testable import JSONRPCServer

@Suite struct ManyClientsTests {
    @Test func everyRequestOfManyClientsGetsOneAnswer() throws {
        try TestServer.run { server in
            let clients = try (0..<200).map { _ in try server.client() }
            let ids = 0..<200
            for (number, client) in clients.enumerated() {
                let methods = ["now", "soon", "large/300"]
                try client.send(ids.map { request(methods[($0 + number) % 3], id: $0) }.joined())
            }
            for client in clients {
                client.halfClose()
                let lines = try client.linesToTheEnd()
                #expect(lines.compactMap(Self.id).sorted() == Array(ids))
                #expect(lines.allSatisfy { $0.contains(#""result":""#) })
            }
            try server.wait { server, _ in server.connectionCount == 0 }
            #expect(try server.onLoop { _, service in service.calls.count } == 40_000)
        }
    }

    private static func id(of line: String) -> Int? {
        let start = #"{"jsonrpc":"2.0","id":"#
        guard line.hasPrefix(start) else { return nil }
        return Int(line.dropFirst(start.count).prefix { $0 != "," })
    }
}

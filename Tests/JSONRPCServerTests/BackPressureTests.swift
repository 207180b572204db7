import NIOCore
import Testing

@testable import JSONRPCServer

@Suite struct BackPressureTests {
    /// A hundred answers of 100,000 bytes: far more than a kernel keeps for a client that does not read.
    private static let manyLarge = (1...100).map { request("large/100000", id: $0) }.joined()

    private static func limits(maxBufferedBytes: Int) -> ServerLimits {
        var limits = ServerLimits()
        limits.maxBufferedBytes = maxBufferedBytes
        return limits
    }

    /// A client that has made the server stop reading from it.
    private func pausedClient(of server: TestServer) throws -> Client {
        let client = try server.client()
        try client.send(Self.manyLarge)
        try server.wait { server, _ in server.bufferedBytes > 1 << 20 }
        return client
    }

    @Test func aClientThatDoesNotReadIsNotReadFrom() throws {
        try TestServer.run { server in
            let client = try pausedClient(of: server)
            try server.settle()
            // 1 MiB here, one answer more, and what the kernel holds.
            let calls = try server.onLoop { _, service in service.calls.count }
            #expect((11...25).contains(calls))
            #expect(try server.counters.buffered <= (1 << 20) + 200_000)
            let answers = try client.lines(100)
            #expect(answers.count == 100)
            #expect(answers.enumerated().allSatisfy { $1.hasPrefix(#"{"jsonrpc":"2.0","id":\#($0 + 1),"#) })
            try server.wait { server, _ in server.bufferedBytes == 0 && server.ledger.inputBytes == 0 }
        }
    }

    @Test func itIsReadFromAgainWhenItHasRead() throws {
        try TestServer.run { server in
            let client = try pausedClient(of: server)
            #expect(try client.lines(100).count == 100)
            try client.send(request("now"))
            #expect(try client.line() == answer())
        }
    }

    @Test func aPausedClientThatClosesIsNoticed() throws {
        try TestServer.run { server in
            let client = try pausedClient(of: server)
            client.close()
            try server.wait { server, _ in server.connectionCount == 0 }
            #expect(try server.counters == .init())
        }
    }

    @Test func aPausedClientThatHalfClosesGetsEverything() throws {
        try TestServer.run { server in
            let client = try pausedClient(of: server)
            try client.send(request("now", id: 101, end: ""))
            client.halfClose()
            let answers = try client.linesToTheEnd()
            #expect(answers.count == 101)
            #expect(answers.last == answer(id: 101))
        }
    }

    @Test func aPausedClientThatHalfClosesAndThenClosesIsNoticed() throws {
        try TestServer.run { server in
            let client = try pausedClient(of: server)
            client.halfClose()
            try server.settle()
            #expect(try server.counters.connections == 1)
            client.close()
            try server.wait { server, _ in server.connectionCount == 0 }
        }
    }

    @Test func aClientThatNeverReadsIsClosed() throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(100)
        try TestServer.run(limits) { server in
            let client = try server.client()
            let other = try server.client()
            try other.send(request("now"))
            #expect(try other.line() == answer())
            try server.wait { server, _ in server.connectionCount == 2 }
            try client.send(Self.manyLarge)
            try server.wait { server, _ in server.connectionCount == 1 }
            #expect(try server.counters == .init(connections: 1))
            try other.send(request("now"))
            #expect(try other.line() == answer(), "a client that owes nothing may be idle for ever")
        }
    }

    @Test func theSameAfterAnOverLongLineAndAfterAHalfClose() throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(100)
        limits.maxLineBytes = 100
        try TestServer.run(limits) { server in
            let clients = try [server.client(), server.client()]
            for client in clients { try client.send((1...15).map { request("large/100000", id: $0) }.joined()) }
            try clients[0].send(String(repeating: "x", count: 200))
            clients[1].halfClose()
            try server.wait { _, service in service.calls.count >= 20 }
            try server.wait { server, _ in server.connectionCount == 0 }
        }
    }

    @Test func answersOfAllConnectionsTogetherAreBounded() throws {
        try TestServer.run(Self.limits(maxBufferedBytes: 500_000)) { server in
            let hog = try server.client()
            try hog.send(Self.manyLarge)
            try server.wait { server, _ in server.bufferedBytes > 400_000 }
            try server.settle()
            let other = try server.client()
            try other.send(request("large/100000") + "[" + request("large/100000", id: 2, end: "]\n"))
            #expect(isError(try other.line(), -32000, id: 1, limit: "maxBufferedBytes"))
            #expect(try other.line()?.contains(#""code":-32000"#) == true)
            try other.send(request("fail/100000", id: 3))
            #expect(isError(try other.line(), -32000, id: 3, limit: "maxBufferedBytes"), "an error can be large too")
            hog.close()
            try server.wait { server, _ in server.connectionCount == 1 }
            try other.send(request("large/100000"))
            #expect(try other.line()?.utf8.count == answer().utf8.count - 3 + 100_000)
        }
    }

    @Test func smallErrorsOfManyClientsAreBoundedTooAndNoneIsLost() throws {
        try TestServer.run(Self.limits(maxBufferedBytes: 65536)) { server in
            let clients = try (1...10).map { _ in try server.client() }
            for client in clients { try client.send(String(repeating: "x\n", count: 5000)) }
            try server.settle()
            #expect(try server.counters.buffered < 65536 + 10 * 1024)
            for client in clients {
                client.halfClose()
                let answers = try client.linesToTheEnd()
                #expect(answers.count == 5000)
                #expect(answers.allSatisfy { isError($0, -32700) })
            }
        }
    }

    @Test func aBatchOfManySmallErrorsIsRefusedWhenThereIsNoRoom() throws {
        try TestServer.run(Self.limits(maxBufferedBytes: 500_000)) { server in
            let hog = try server.client()
            try hog.send(
                (1...20).map { request("large/90000", id: $0) }.joined() + String(repeating: "x\n", count: 20000))
            try server.settle()
            let counters = try server.counters
            #expect(counters.buffered >= 500_000, "\(counters)")
            let other = try server.client()
            try other.send("[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]\n")
            #expect(isError(try other.line(), -32000, limit: "maxBufferedBytes"))
        }
    }

    @Test func linesThatDoNotEndAreBoundedAndThoseWhoCausedItPay() throws {
        try TestServer.run(Self.limits(maxBufferedBytes: 1_000_000)) { server in
            let modest = try server.client()
            try modest.send(#"{"jsonrpc":"2.0","#)
            let hogs = try (1...3).map { _ in try server.client() }
            for hog in hogs { try hog.send(String(repeating: " ", count: 300_000)) }
            try server.wait { server, _ in server.ledger.inputBytes > 900_000 }
            #expect(hogs[0].sendWhatFits(Array(repeating: UInt8(ascii: " "), count: 150_000)[...]) > 110_000)
            let lines = try hogs[0].linesToTheEnd()
            #expect(lines.count == 1)
            #expect(isError(lines.first, -32000, limit: "maxBufferedBytes"))
            try modest.send(#""id":1,"method":"now"}"# + "\n")
            #expect(try modest.line() == answer())
            #expect(try server.counters.inputBytes == 600_000)
        }
    }

    @Test func aFloodDoesNotKeepOthersWaiting() throws {
        try TestServer.run { server in
            let (flood, other) = try (server.client(), server.client())
            for client in [flood, other] {
                try client.send(request("now"))
                #expect(try client.line() == answer())
            }
            let line = request("large/1")
            let stop = try LoopStop(server.eventLoop)
            let sent = flood.sendWhatFits(Array(String(repeating: line, count: 2000).utf8)[...])
            #expect(sent > 65536)
            try other.send(request("soon"))
            stop.end()
            #expect(try other.line() == answer("yyyy"))
            let before = try server.onLoop { _, service in service.calls.firstIndex(of: "soon") ?? .max }
            // What one turn of the loop reads from one connection, and once more as either may come first.
            #expect(before * line.utf8.count <= 2 * 16384)
        }
    }
}

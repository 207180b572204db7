import Glibc
import Synchronization
import Testing

@testable import JSONRPCServer

/// What one turn of the loop does, however much there is to do.
@Suite struct TurnTests {
    @Test func aHundredLinesOfAConnectionAreTakenBeforeAnotherHasItsTurn() throws {
        try TestServer.run { server in
            let (flood, other) = try (server.client(), server.client())
            for client in [flood, other] {
                try client.send(request("now"))
                #expect(try client.line() == answer())
            }
            // All of it is read at once.
            let lines = String(repeating: "x\n", count: 4000)
            let stop = try LoopStop(server.eventLoop)
            #expect(flood.sendWhatFits(Array(lines.utf8)[...]) == 8000)
            try other.send(request("closeAll"))
            stop.end()
            #expect(try other.line() == nil)
            let refused = try server.onLoop { server, _ in server.counters.refusedLines[-32700] ?? 0 }
            // Either may come first, and the answer to the other may come in the next turn.
            #expect(refused <= 300)
        }
    }

    @Test func manyConnectionsOfOneUserDoNotDelayAnother() throws {
        try TestServer.run { server in
            let flood = try (1...40).map { _ in try server.client(uid: 1) }
            let other = try server.client(uid: 2)
            for client in flood + [other] {
                try client.send(request("now"))
                #expect(try client.line() == answer())
            }
            let stop = try LoopStop(server.eventLoop)
            let lines = Array(String(repeating: "x\n", count: 4000).utf8)
            for client in flood { #expect(client.sendWhatFits(lines[...]) > 0) }
            try other.send(String(repeating: "y\n", count: 250) + request("closeAll"))
            stop.end()
            // A reset may take what was not read.
            _ = try other.linesToTheEnd()
            let refused = try server.onLoop { server, _ in server.counters.refusedLines[-32700] ?? 0 }
            // Its turns are the first, the second and the third; each of the others has one in the first, and then they
            // share one lane, of which several members may have a turn in a turn of the loop.
            #expect(refused < 40 * 4000 / 2, "\(refused)")
        }
    }

    @Test func theLinesThatWaitForALaterTurnAreAllAnsweredInOrder() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send((1...1000).map { request("now", id: $0) }.joined())
            client.halfClose()
            #expect(try client.linesToTheEnd() == (1...1000).map { answer(id: $0) })
        }
    }

    @Test func aBatchThatTakesManyTurnsIsAnsweredWhole() throws {
        try TestServer.run { server in
            let client = try server.client()
            let items = (1...950).map { request("now", id: $0, end: "") }
            try client.send("[" + items.joined(separator: ",") + "]\n" + request("now", id: 951))
            client.halfClose()
            let batch = "[" + (1...950).map { answer(id: $0) }.joined(separator: ",") + "]"
            #expect(try client.linesToTheEnd() == [batch, answer(id: 951)])
        }
    }

    @Test func manyRequestsOfAClosedConnectionAreWithdrawnPieceByPiece() throws {
        let count = 20_000
        try TestServer.run { server in
            let client = try server.client()
            try client.send(String(repeating: request("wait"), count: count))
            try server.wait { _, service in service.waitingCount == count }
            try server.onLoop { server, service in
                server.connectionsChanged = { [service] in
                    let withdrawn = service.withdrawn
                    withdrawnAtClose.withLock { $0 = withdrawn }
                }
            }
            client.close()
            try server.wait { _, service in service.withdrawn == count }
            try server.onLoop { server, _ in server.connectionsChanged = nil }
            #expect(withdrawnAtClose.withLock { $0 } <= 100, "the rest was withdrawn in later turns")
        }
    }

    @Test func manyRequestsWithOneIDAreCancelledPieceByPiece() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(String(repeating: request("wait"), count: 6000))
            try server.wait { _, service in service.waitingCount == 6000 }
            try client.send(notification("cancel", "[1]"))
            try server.wait { _, service in service.withdrawn > 0 }
            #expect(try client.lines(6000).allSatisfy { isError($0, -32800, id: 1) })
            #expect(try server.onLoop { _, service in service.withdrawn } == 6000)
        }
    }

    @Test func manyConnectionsAreClosed() throws {
        try TestServer.run { server in
            let clients = try (1...350).map { _ in try server.client() }
            try server.wait { server, _ in server.connectionCount == 350 }
            try server.onLoopAndAfter { $0.closeConnections() }
            for client in clients { #expect(try client.line() == nil) }
        }
    }

    /// The number of a socket that is closed is soon that of another.
    @Test func whatWasOwedToAClosedConnectionReachesNoOther() throws {
        try TestServer.run { server in
            for round in 1...100 {
                let gone = try server.client()
                try gone.send(request("large/400000", id: 1) + request("wait", id: 2) + request("large/400000", id: 3))
                if round % 2 == 0 { try server.wait { server, _ in server.bufferedBytes > 100_000 } }
                gone.close()
                let next = try server.client()
                try next.send(request("now", id: round))
                next.halfClose()
                #expect(try next.linesToTheEnd() == [answer(id: round)])
            }
        }
    }
}

extension TurnTests {
    /// The same for certain: the number is that of another socket when the answers would be written that were given before the close.
    @Test func answersGivenBeforeACloseAreNotWrittenAfterIt() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("wait"))
            try server.wait { _, service in service.waitingCount == 1 }
            let bytes = try server.onLoop { server, service in
                var others: [CInt] = []
                defer { for other in others { close(other) } }
                server.answerTogether {
                    service.answerAll()
                    server.closeConnectionsNow()
                    // The system gives the lowest number that is free.
                    for _ in 0..<50 {
                        var pair: [CInt] = [-1, -1]
                        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
                        others += pair
                    }
                }
                var byte: UInt8 = 0
                return others.map { recv($0, &byte, 1, CInt(MSG_DONTWAIT)) }
            }
            #expect(bytes.allSatisfy { $0 == -1 }, "nothing was written to them")
            #expect(try client.line() == nil)
        }
    }
}

/// How many requests were withdrawn when a connection had just closed.
private let withdrawnAtClose = Mutex(0)

import NIOCore
import Testing

@testable import JSONRPCServer

/// When answers are written that come outside of a request's own turn.
@Suite struct AnswerTogetherTests {
    @Test func whatIsAnsweredTogetherIsWrittenWhenAllIsAnswered() throws {
        try TestServer.run { server in
            let clients = try waiting(at: server)
            let looks = clients.map(\.look)
            let (early, late) = try server.onLoop { server, service in
                var early: [Int] = []
                server.answerTogether {
                    service.answerAll()
                    early = looks.map { $0() }
                }
                return (early, looks.map { $0() })
            }
            #expect(early == [0, 0])
            #expect(late == [2, 1].map { $0 * (answer("yyyy").utf8.count + 1) })
            #expect(try clients[0].lines(2) == [answer("yyyy"), answer("yyyy", id: 2)])
        }
    }

    @Test func whatIsAnsweredByItselfIsWrittenInTheNextTurn() throws {
        try TestServer.run { server in
            let clients = try waiting(at: server)
            let looks = clients.map(\.look)
            let early = try server.onLoop { _, service in
                service.answerAll()
                return looks.map { $0() }
            }
            #expect(early == [0, 0])
            #expect(try clients[0].lines(2) == [answer("yyyy"), answer("yyyy", id: 2)])
            #expect(try clients[1].line() == answer("yyyy"))
        }
    }

    /// The loop has looked at its sockets when it runs a task: the lines that come next are those of another turn.
    @Test func aTaskEndsATurnOfLines() throws {
        try TestServer.run { server in
            let isSpent = try server.onLoop { server, _ in
                [false, true].map { isTask in
                    var share = TurnBudget.Share()
                    _ = server.turn.mayGoOn(&share, after: 200_000, now: { NIODeadline.now() })
                    server.answerTogether(isTask: isTask) {}
                    return server.turn.isSpent
                }
            }
            #expect(isSpent == [true, false])
        }
    }

    /// Two clients, of whom one waits for two answers and the other for one.
    private func waiting(at server: TestServer) throws -> [Client] {
        let clients = [try server.client(), try server.client()]
        try clients[0].send(request("wait") + request("wait", id: 2))
        try clients[1].send(request("wait"))
        try server.wait { _, service in service.waitingCount == 3 }
        return clients
    }
}

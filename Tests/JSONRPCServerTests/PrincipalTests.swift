import Testing

@testable import JSONRPCServer

/// What users can do to each other at the door.
@Suite struct PrincipalTests {
    private static let mebibyte = 1 << 20

    private static func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    // MARK: Answers

    @Test func clientsThatReadNothingDoNotCostAnotherUserItsAnswers() throws {
        try TestServer.run(Self.limits { $0.maxBufferedBytes = 8 * Self.mebibyte }) { server in
            let greedy = try (1...140).map { _ in try server.client(uid: 1) }
            for client in greedy { try client.send((1...4).map { request("large/100000", id: $0) }.joined()) }
            try server.settle()
            let buffered = try server.counters.buffered
            #expect((Self.mebibyte...4 * Self.mebibyte + 600_000).contains(buffered), "at most half: \(buffered)")
            let other = try server.client(uid: 2)
            try other.send(request("large/1000000"))
            #expect(try other.line()?.utf8.count ?? 0 > 1_000_000)
            // Its own connections share what is left for their user, and each request gets some answer.
            let late = try server.client(uid: 1)
            try late.send(request("large/1000000"))
            #expect(isError(try late.line(), -32000, id: 1, limit: "maxBufferedBytes"))
        }
    }

    @Test func aUserThatComesAfterManyGreedyOnesHasItsFloor() throws {
        try TestServer.run(Self.limits { $0.maxBufferedBytes = 8 * Self.mebibyte }) { server in
            var greedy: [Client] = []
            for uid in 1...40 as ClosedRange<UInt32> {
                for _ in 1...3 {
                    let client = try server.client(uid: uid)
                    try client.send((1...6).map { request("large/100000", id: $0) }.joined())
                    greedy.append(client)
                }
            }
            try server.settle()
            #expect(try server.counters.buffered <= 9 * Self.mebibyte, "those that hold most have lost some")
            #expect(try server.onLoop { server, _ in server.counters.displaced["maxBufferedBytes"] ?? 0 } > 0)
            let late = try server.client(uid: 41)
            try late.send(request("large/1000000"))
            #expect(try late.line()?.utf8.count ?? 0 > 1_000_000)
        }
    }

    @Test func theServiceHearsOfAClientThatDoesNotRead() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send((1...30).map { request("large/100000", id: $0) }.joined())
            try server.wait { _, service in service.stopped == 1 }
            #expect(try server.onLoop { _, service in service.resumed } == 0)
            #expect(try client.lines(30).count == 30)
            try server.wait { _, service in service.resumed >= 1 && service.resumed == service.stopped }
            try client.send(request("now"))
            #expect(try client.line() == answer())
        }
    }

    @Test func answersThatWaitForTheirBatchDoNotLookUnread() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send("[" + request("large/2000000", end: ",") + request("wait", id: 2, end: "]\n"))
            try server.wait { server, service in service.waitingCount == 1 && server.bufferedBytes > 2_000_000 }
            #expect(try server.onLoop { _, service in service.stopped } == 0)
            try server.onLoop { _, service in service.answerAll() }
            #expect(try client.line()?.utf8.count ?? 0 > 2_000_000)
        }
    }

    @Test func whatTheSocketTakesAtOnceIsNotCharged() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send((1...50).map { request("large/1000", id: $0) }.joined())
            #expect(try client.lines(50).count == 50)
            #expect(try server.counters.buffered == 0)
        }
    }

    // MARK: Lines

    @Test func halfLinesOfOneUserDoNotCostAnotherItsRequest() throws {
        let limits = Self.limits {
            $0.maxBufferedBytes = 4 * Self.mebibyte
            $0.maxLineBytes = Self.mebibyte
        }
        try TestServer.run(limits) { server in
            let half = Array(String(repeating: " ", count: 500_000).utf8)
            let greedy = try (1...16).map { _ in try server.client(uid: 1) }
            for client in greedy {
                // Those for which there is no room are closed while they send.
                var rest = half[...]
                while !rest.isEmpty {
                    let count = client.sendWhatFits(rest)
                    if count < 0 { break }
                    rest = rest.dropFirst(count)
                }
            }
            try server.settle()
            let input = try server.counters.inputBytes
            #expect((Self.mebibyte / 2...2 * Self.mebibyte + 65536).contains(input), "at most half: \(input)")
            let other = try server.client(uid: 2)
            try other.send(String(repeating: " ", count: 990_000) + request("now"))
            #expect(try other.line() == answer())
        }
    }

    @Test func theLargestHalfLineGivesWayToTheFloorOfAnotherUser() throws {
        let limits = Self.limits {
            $0.maxBufferedBytes = Self.mebibyte
            $0.maxLineBytes = Self.mebibyte
        }
        try TestServer.run(limits) { server in
            let first = try server.client(uid: 1)
            try first.send(String(repeating: " ", count: 700_000))
            try server.wait { server, _ in server.ledger.inputBytes == 700_000 }
            let second = try server.client(uid: 2)
            try second.send(String(repeating: " ", count: 500_000))
            #expect(isError(try first.line(), -32000, limit: "maxBufferedBytes"))
            #expect(try first.line() == nil)
            try second.send(request("now"))
            #expect(try second.line() == answer())
        }
    }

    // MARK: Connections

    @Test func oneUserGetsHalfOfTheConnections() throws {
        try TestServer.run(Self.limits { $0.maxConnections = 20 }) { server in
            let clients = try (1...10).map { _ in try server.client(uid: 1) }
            try server.wait { server, _ in server.connectionCount == 10 }
            #expect(isError(try server.client(uid: 1).line(), -32000, limit: "maxConnections"))
            let others = try (1...4).map { _ in try server.client(uid: 2) }
            for client in clients + others {
                try client.send(request("now"))
                #expect(try client.line() == answer())
            }
        }
    }

    @Test func whereAllConnectionsAreInUseTheLongestIdleOneOfTheLargestUserGivesWay() throws {
        try TestServer.run(Self.limits { $0.maxConnections = 20 }) { server in
            let large = try (1...10).map { _ in try server.client(uid: 1) }
            try server.wait { server, _ in server.connectionCount == 10 }
            // The first has a request that waits, the second was heard of last.
            try large[0].send(request("wait"))
            try server.wait { _, service in service.waitingCount == 1 }
            try large[1].send(request("now"))
            #expect(try large[1].line() == answer())
            var others: [Client] = []
            for uid in 2...4 as ClosedRange<UInt32> {
                for _ in 1...4 { others.append(try server.client(uid: uid)) }
            }
            for client in others {
                try client.send(request("now"))
                #expect(try client.line() == answer())
            }
            #expect(try large[2].line() == nil)
            #expect(try large[3].line() == nil)
            for client in [large[1], large[4], large[9]] {
                try client.send(request("now"))
                #expect(try client.line() == answer())
            }
            try server.onLoop { _, service in service.answerAll() }
            #expect(try large[0].line() == answer("yyyy"))
            #expect(try server.onLoop { server, _ in server.counters.displaced["maxConnections"] } == 2)
        }
    }
}

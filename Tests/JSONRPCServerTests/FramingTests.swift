import Testing

@testable import JSONRPCServer

@Suite struct FramingTests {
    private static let small: ServerLimits = {
        var limits = ServerLimits()
        limits.maxLineBytes = 100
        return limits
    }()

    @Test func linesMayEndEitherWayAndEmptyOnesAreIgnored() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send("\n \t\r\n" + request("now", id: 1, end: "\r\n") + "\r\n\n" + request("now", id: 2))
            #expect(try client.lines(2) == [answer(id: 1), answer(id: 2)])
            client.halfClose()
            #expect(try client.line() == nil)
        }
    }

    @Test func aLineMayComeByteByByte() throws {
        try TestServer.run { server in
            let client = try server.client()
            for byte in request("now") {
                try client.send(String(byte))
                _ = try server.counters
            }
            #expect(try client.line() == answer())
        }
    }

    @Test func aLastLineNeedsNoEnd() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("now", id: 1) + request("now", id: 2, end: ""))
            client.halfClose()
            #expect(try client.linesToTheEnd() == [answer(id: 1), answer(id: 2)])
        }
    }

    @Test(arguments: ["", " ", "\r"]) func aLastLineOfWhiteSpaceIsNone(_ text: String) throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("now") + text)
            client.halfClose()
            #expect(try client.linesToTheEnd() == [answer()])
        }
    }

    @Test func aClientThatSaysNothingGetsNothing() throws {
        try TestServer.run { server in
            let client = try server.client()
            client.halfClose()
            #expect(try client.linesToTheEnd() == [])
        }
    }

    @Test func aClientThatHalfClosesGetsItsAnswers() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("wait", id: 1) + request("soon", id: 2) + "[" + request("wait", id: 3, end: "]"))
            client.halfClose()
            #expect(try client.line() == answer("yyyy", id: 2))
            try server.onLoop { _, service in service.answerAll() }
            #expect(try client.linesToTheEnd() == [answer("yyyy", id: 1), "[" + answer("yyyy", id: 3) + "]"])
        }
    }

    @Test func aClientThatClosesHasItsRequestsWithdrawn() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(
                request("wait") + request("wait") + "[\(request("wait", end: ",")) \(request("now", end: "]\n"))")
            try server.wait { _, service in service.calls.count == 4 }
            client.close()
            try server.wait { server, _ in server.connectionCount == 0 }
            #expect(try server.onLoop { _, service in service.withdrawn } == 3)
        }
    }

    /// The daemon finds the request and the end in one turn of its loop, and cannot write the answer.
    @Test func aClientThatAsksAndIsGoneHarmsNobody() throws {
        try TestServer.run { server in
            for _ in 1...300 {
                let client = try server.client()
                try client.send(request("now") + request("wait"))
                client.close()
            }
            try server.wait { server, _ in server.connectionCount == 0 }
        }
    }

    @Test func aClientThatHalfClosesAndThenClosesHasItsRequestsWithdrawn() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("wait"))
            client.halfClose()
            try server.wait { _, service in service.waitingCount == 1 }
            #expect(try server.counters.connections == 1)
            client.close()
            try server.wait { _, service in service.withdrawn == 1 }
        }
    }

    @Test(arguments: ["\n", "", String(repeating: "x", count: 100_000)])
    func anOverLongLineIsRefusedAndWhatIsInFlightIsAnswered(_ rest: String) throws {
        try TestServer.run(Self.small) { server in
            let client = try server.client()
            try client.send(request("wait", id: 1))
            try server.wait { _, service in service.waitingCount == 1 }
            // What follows fits into the kernel, so it does not matter that nobody reads it any more.
            try client.send(String(repeating: "x", count: 102) + rest + request("now", id: 2))
            #expect(isError(try client.line(), -32600, limit: "maxLineBytes"))
            #expect(try server.counters.inputBytes == 0)
            try server.onLoop { _, service in service.answerAll() }
            #expect(try client.linesToTheEnd() == [answer("yyyy", id: 1)])
            #expect(try server.onLoop { _, service in service.calls } == ["wait"])
        }
    }

    @Test func aLineMayHaveAllBytesThatAreAllowed() throws {
        try TestServer.run(Self.small) { server in
            let client = try server.client()
            let padding = String(repeating: " ", count: 100 - request("now", end: "").utf8.count)
            try client.send(request("now", end: padding + "\r\n") + request("now", id: 2, end: padding + "\n"))
            #expect(try client.lines(2) == [answer(id: 1), answer(id: 2)])
            try client.send(request("now", end: padding + " \n"))
            #expect(isError(try client.line(), -32600, limit: "maxLineBytes"))
            #expect(try client.line() == nil)
        }
    }

    @Test func aLargeLineIsRead() throws {
        try TestServer.run { server in
            let client = try server.client()
            let item = request("now", id: 1, end: String(repeating: " ", count: 4000))
            try client.send("[" + Array(repeating: item, count: 1000).joined(separator: ",") + "]\n")
            let expected = "[" + Array(repeating: answer(), count: 1000).joined(separator: ",") + "]"
            #expect(try client.line() == expected)
        }
    }

    @Test func aWebClientGetsAnHTTPAnswerWithTheHint() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send("\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let lines = try client.linesToTheEnd()
            #expect(lines.first == "HTTP/1.1 400 Bad Request\r")
            #expect(lines.contains { $0.contains("line-delimited JSON-RPC 2.0, not HTTP") })
            #expect(try server.onLoop { server, _ in server.counters.refusedLines } == [-32600: 1])
        }
    }

    @Test func aClientWithHeadersLearnsOfTheFraming() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send("Content-Length: 41\r\n\r\n" + request("now", end: ""))
            let lines = try client.linesToTheEnd()
            #expect(lines.count == 1)
            #expect(isError(lines.first, -32600))
            #expect(lines.first?.contains("line-delimited") == true)
        }
    }

    @Test func aRequestOverSeveralLinesIsRefusedOnce() throws {
        try TestServer.run { server in
            let client = try server.client()
            let pretty = """
                {
                  "jsonrpc": "2.0",
                  "id": 1,
                  "method": "now",
                  "params": [
                    "a"
                  ]
                }

                """
            try client.send(request("now") + pretty + pretty + request("now") + "{\n" + request("now") + "}\n")
            #expect(try client.line() == answer())
            for _ in 0..<2 {
                let line = try client.line()
                #expect(isError(line, -32700))
                #expect(line?.contains("a request is one line") == true)
            }
            #expect(try client.line() == answer())
            #expect(isError(try client.line(), -32700))
            #expect(try client.line() == answer(), "a request is answered whatever came before it")
            #expect(isError(try client.line(), -32700))
        }
    }

    @Test func onlyTheFirstLineCanBeHTTP() throws {
        try TestServer.run { server in
            let client = try server.client()
            try client.send(request("now") + "GET / HTTP/1.1\n" + request("now"))
            #expect(try client.line() == answer())
            #expect(isError(try client.line(), -32700))
            #expect(try client.line() == answer())
        }
    }

    @Test func theConnectionStaysUsableAfterAnError() throws {
        try TestServer.run { server in
            let client = try server.client()
            for (line, code) in [("{", -32700), ("\u{FFFE}", -32700), ("[]", -32600), ("1", -32600), ("{}", -32600)] {
                try client.send(line + "\n" + request("now"))
                #expect(isError(try client.line(), code), "\(line)")
                #expect(try client.line() == answer())
            }
        }
    }

    @Test func idsComeBackAsTheyWere() throws {
        try TestServer.run { server in
            let client = try server.client()
            for id in [#""\u0041\/é""#, "1.0e+2", "-0", "123456789012345678901234567890", "null", #""""#] {
                try client.send(request("now", id: id) + request("soon", id: id))
                #expect(try client.lines(2) == [answer(id: id), answer("yyyy", id: id)])
            }
        }
    }
}

import Testing

@testable import IMAttrClient

@Suite(.timeLimit(.minutes(15)))
struct PartialTests {
    private static let answer =
        #"{"UserAttrs":[{"To_Account":"a","Attrs":{}}],"missing":["b"],"failed":[{"To_Account":"c","code":90003,"#
        + #""message":"m","retryable":true,"ErrorInfo":"i","retryAfterMs":1500,"callId":"7","new":1}]}"#

    private static func refusal(_ line: String, _ code: Int) -> FakeDaemon.Step {
        let data = #"{"source":"daemon","retryable":true,"retryAfterMs":70,"fetched":2}"#
        let error = "{\"code\":\(code),\"message\":\"too late\",\"data\":\(data)}"
        return .send("{\"jsonrpc\":\"2.0\",\"id\":\(FakeDaemon.id(line)),\"error\":\(error)}\n")
    }

    private var failed: FailedAccount {
        var failed = FailedAccount(account: "c", code: 90003, message: "m", retryable: true)
        failed.errorInfo = "i"
        failed.retryAfterMs = 1500
        failed.callID = "7"
        return failed
    }

    @Test func whatFailedIsListed() async throws {
        try await FakeDaemon.run({
            { line in [line.contains("\"partial\":true") ? FakeDaemon.answer(line, Self.answer) : .close] }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let result = try await client.getAttrs(["a", "b", "c"], partial: true)
                #expect(result.failed == [failed])
                #expect(result.userAttrs.map(\.account) == ["a"])
                var answers: [AccountAnswer] = []
                for try await answer in client.stream(["a", "b", "c"], partial: true) { answers.append(answer) }
                #expect(answers.map(\.account) == ["a", "b", "c"])
                #expect(answers.map(\.failure) == [nil, nil, failed])
                #expect(answers[2].attrs == nil)
            }
        }
    }

    /// By a whole request or by the client's own clock: it is one error, in a result with `partial` too.
    @Test func tooLateIsTheDeadlineError() async throws {
        try await FakeDaemon.run({ { [Self.refusal($0, -32001)] } }) { daemon in
            await IMAttrClient.withClient(socketPath: daemon.path) { client in
                for partial in [false, true] {
                    let error = await #expect(throws: IMAttrError.self) {
                        try await client.getAttrs(["a"], partial: partial)
                    }
                    guard case .deadline(let answer?) = error else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                    #expect(answer.code == -32001 && answer.fetched == 2)
                    #expect(error?.retryable == true && error?.retryAfterMs == 70 && error?.code == -32001)
                }
            }
        }
        #expect(IMAttrError.deadline().retryable && IMAttrError.deadline().answer == nil)
    }

    @Test(arguments: [-32000, -32001, -32002, 70107, -40000])
    func anErrorAboutAccountsCountsForEachOfThem(code: Int) throws {
        let error = IMAttrError(answered: ErrorObject(code: code, message: "m", retryable: true))
        let result = GetAttrsResult(failed: ["a", "b", "a"], try #require(error.ofAccounts))
        #expect(result.failed.map(\.account) == ["a", "b"])
        #expect(result.failed.allSatisfy { $0.code == code && $0.message == "m" && $0.retryable })
    }

    @Test(arguments: [-32602, -32003, -32005, -32700])
    func otherErrorsAreNobodysAlone(code: Int) {
        #expect(IMAttrError(answered: ErrorObject(code: code, message: "m", retryable: false)).ofAccounts == nil)
    }

    @Test(arguments: [
        ("[1", false), ("\"x\"", false), ("", false), ("{}{}", false), ("{\n \"a\": [1,\r\n2]}", true),
    ])
    func paramsAreJSONOnOneLine(text: String, areGood: Bool) throws {
        if areGood {
            let request = try Request("m", params: Array(text.utf8), timeout: .seconds(1))
            #expect(request.line(id: 1, timeLeft: .zero).count { $0 == UInt8(ascii: "\n") } == 1)
        } else {
            let error = #expect(throws: IMAttrError.self) {
                try Request("m", params: Array(text.utf8), timeout: .seconds(1))
            }
            #expect(error.map { "\($0)".contains("params") } == true)
        }
    }

    @Test func aSocketWithoutANameIsAMistake() async {
        let error = IMAttrError.argument("socketPath is empty, or has a zero byte")
        await #expect(throws: error) { try await IMAttrClient(socketPath: "").ping() }
        await #expect(throws: error) { try await IMAttrClient(socketPath: "a\0b").ping() }
    }

    @Test func aStatusHasTypesAndTheWholeText() throws {
        let text =
            #"{"version":"9","uptimeSeconds":12,"state":"degraded","reasons":["r"],"queue":{"requests":1},"#
            + #""limiter":{"creditMs":0.5},"userSig":{"expiresAt":null},"requests":{"ping":3},"new":[1,{}]}"#
        let json = Array(text.utf8)
        let status = try Status(JSONSlice(line: json, range: 0..<json.count))
        #expect(status.version == "9" && status.state == "degraded" && status.reasons == ["r"])
        #expect(status.queue?.requests == 1 && status.limiter?.creditMs == 0.5 && status.requests == ["ping": 3])
        #expect(status.userSig == Status.UserSig() && status.upstream == nil && status.json == json)
        let wrong = Array(#"{"version":9}"#.utf8)
        #expect(throws: IMAttrError.self) { try Status(JSONSlice(line: wrong, range: 0..<wrong.count)) }
    }
}

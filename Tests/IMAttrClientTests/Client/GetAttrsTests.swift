import Testing

@testable import IMAttrClient

@Suite(.timeLimit(.minutes(15)))
struct GetAttrsTests {
    private func user(_ name: String, _ json: String = "{}") -> GetAttrsResult.UserAttributes {
        .init(account: Account(name), attrs: Attrs(json: Array(json.utf8)))
    }

    private static func ending(_ reply: Result<Reply, IMAttrError>) -> String {
        switch reply {
        case .failure(.refused): "refused"
        case .failure(.cancelled): "cancelled"
        case .failure(let error): "\(error)"
        case .success: "answered"
        }
    }

    @Test func moreThanARequestTakesAreSplitAndPutTogether() async throws {
        try await FakeDaemon.run({
            var waiting: [String] = []
            return { line in
                waiting.append(line)
                guard waiting.count == 3 else { return [] }
                return waiting.reversed().map(FakeDaemon.allFound)
            }
        }) { daemon in
            let accounts = (0..<1200).map { Account("user\($0)") }
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let result = try await client.getAttrs(accounts)
                #expect(result.userAttrs.map(\.account) == accounts)
                #expect(result.missing == [])
            }
        }
    }

    /// A request that is on its way to the event loop when another one fails.
    @Test func aJobThatHasFailedSendsNothingMore() async throws {
        let refusal = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"too many connections"}}"#
        try await FakeDaemon.run({ { _ in [.send(refusal + "\n")] } }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let window = RequestWindow(client: client)
                let request = try Request(accounts: ["a"], timeout: .seconds(30), maxAge: nil)
                for (index, wanted) in ["refused", "cancelled"].enumerated() {
                    window.send(request, index: index)
                    let (_, reply) = await window.next()
                    #expect(Self.ending(reply) == wanted)
                }
            }
        }
    }

    @Test func partsArePutTogetherByFirstMention() {
        var (first, second) = (GetAttrsResult(), GetAttrsResult())
        first.userAttrs = [user("b", "1"), user("a")]
        first.missing = ["m", "n"]
        first.errorList = [AccountError(json: [1])]
        second.userAttrs = [user("n"), user("b", "2")]
        second.missing = ["a", "k"]
        second.errorList = [AccountError(json: [2])]
        let asked: [Account] = ["a", "k", "b", "m", "n", "b", "a", "nobody"]
        let result = GetAttrsResult(parts: [first, second], asked: asked)
        #expect(result.userAttrs == [user("a"), user("b", "1"), user("n")])
        #expect(result.missing == ["k", "m"])
        #expect(result.errorList.map(\.json) == [[1], [2]])
    }

    @Test(arguments: [
        ([""], "accounts[0] has 0 bytes"), (["a", String(repeating: "é", count: 128)], "accounts[1] has 256 bytes"),
    ])
    func anAccountThatIsNoneIsNamed(accounts: [String], text: String) async {
        let client = IMAttrClient(socketPath: "/nonexistent")
        let error = await #expect(throws: IMAttrError.self) {
            try await client.getAttrs(accounts.map { Account($0) })
        }
        #expect(error == .argument("\(text); 1 to 255 are allowed"))
    }

    @Test func itsIndexCountsFromTheFirstOfAll() async {
        let client = IMAttrClient(socketPath: "/nonexistent")
        let accounts = (0..<700).map { Account("\($0)") } + [""]
        let error = IMAttrError.argument("accounts[700] has 0 bytes; 1 to 255 are allowed")
        await #expect(throws: error) { try await client.getAttrs(accounts) }
        await #expect(throws: error) {
            for try await _ in client.stream(accounts, batch: 500, inFlight: 2) {}
        }
    }

    @Test(arguments: [Duration.zero, .microseconds(999), .milliseconds(600_001), .seconds(-1)])
    func aTimeOutOfRangeIsTold(timeout: Duration) async {
        let client = IMAttrClient(socketPath: "/nonexistent")
        await #expect(throws: IMAttrError.argument("timeout is \(timeout); 1 ms to 600 s are allowed")) {
            try await client.getAttrs(["a"], timeout: timeout)
        }
    }

    @Test func anAnswerOfAnotherShapeEndsItsConnection() async throws {
        try await FakeDaemon.run({
            { line in [FakeDaemon.answer(line, line.contains("ping") ? "\"pong\"" : "{\"UserAttrs\":[]}")] }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                await #expect(throws: IMAttrError.protocol("a result of getAttrs without UserAttrs or missing")) {
                    try await client.getAttrs(["a"])
                }
                try await client.ping()
            }
        }
    }

    @Test func errorsDescribeThemselves() {
        #expect("\(IMAttrError.unreachable(path: "/s", errno: 13))".contains("group imattr"))
        #expect("\(IMAttrError.refused(ErrorObject(code: 90001, message: "no")))" == "no (code 90001)")
    }
}

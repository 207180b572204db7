import Testing
import UpstreamSandbox

/// What good calls are answered with.
@Suite struct AnswerTests {
    private func ask(_ call: TestCall, _ change: (inout SandboxConfiguration) -> Void = { _ in }) async throws
        -> RawAnswer
    {
        try await withSandbox(change) { sandbox in
            try await RawConnection.with(sandbox) { try await $0.exchange(call) }
        }
    }

    @Test func vendorsExample() async throws {
        let call = TestCall(["Zhang Xiaohong", "Chen Xiaoming", "abc"])
        let answer = try DecodedAnswer(try await ask(call))
        let users = Dictionary(uniqueKeysWithValues: (answer.UserAttrs ?? []).map { ($0.To_Account, $0.Attrs) })
        #expect(
            users == [
                "Zhang Xiaohong": ["sex": "Female", "city": "New York"],
                "Chen Xiaoming": ["sex": "M", "city": "Shenzhen"],
                "abc": [:],
            ])
    }

    @Test func prettyPrintedLikeTheVendorsSample() async throws {
        #expect(
            try await ask(TestCall(["Chen Xiaoming"])).text == """
                {
                    "ActionStatus": "OK",
                    "ErrorInfo": "",
                    "ErrorCode": 0,
                    "UserAttrs": [
                        {
                            "To_Account": "Chen Xiaoming",
                            "Attrs": {
                                "sex": "M",
                                "city": "Shenzhen"
                            }
                        }
                    ]
                }
                """)
    }

    @Test func compact() async throws {
        #expect(
            try await ask(TestCall(["Chen Xiaoming"])) { $0.compact = true }.text == """
                {"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"UserAttrs":\
                [{"To_Account":"Chen Xiaoming","Attrs":{"sex":"M","city":"Shenzhen"}}]}
                """)
    }

    @Test func shuffledAndTheSameWithTheSameSeed() async throws {
        let accounts = (10..<60).map { "user\($0)" }
        func order(seed: UInt64) async throws -> [String] {
            let answer = try await ask(TestCall(accounts)) { $0.seed = seed }
            return try #require(try DecodedAnswer(answer).UserAttrs).map(\.To_Account)
        }
        let first = try await order(seed: 1)
        #expect(first.sorted() == accounts)
        #expect(first != accounts)
        #expect(try await order(seed: 1) == first)
        #expect(try await order(seed: 2) != first)
    }

    @Test func rulesForUnknownAccounts() async throws {
        func answer(_ rule: UnknownAccounts) async throws -> DecodedAnswer {
            try DecodedAnswer(try await ask(TestCall(["abc", "nobody"])) { $0.unknownAccounts = rule })
        }
        let empty = try await answer(.empty)
        #expect(empty.UserAttrs?.map(\.To_Account).sorted() == ["abc", "nobody"])
        #expect(empty.UserAttrs?.allSatisfy(\.Attrs.isEmpty) == true)

        let missing = try await answer(.missing)
        #expect(missing.UserAttrs?.map(\.To_Account) == ["abc"])
        #expect(missing.ErrorList == nil)

        let errors = try await answer(.errorList)
        #expect(errors.UserAttrs?.map(\.To_Account) == ["abc"])
        #expect(errors.ErrorList?.map(\.To_Account) == ["nobody"])
        #expect(errors.ErrorList?.map(\.ErrorCode) == [70107])

        let madeUp = try await answer(.madeUp).UserAttrs?.first { $0.To_Account == "nobody" }
        #expect(madeUp?.Attrs.isEmpty == false)
        #expect(try await answer(.echo).UserAttrs?.first { $0.To_Account == "nobody" }?.Attrs == ["account": "nobody"])
        #expect(try await answer(.madeUp).UserAttrs?.first { $0.To_Account == "nobody" }?.Attrs == madeUp?.Attrs)
    }

    @Test func accountsAreBytes() async throws {
        let users = try KnownUsers(json: #"{"é": {"form": "one"}, "e\u0301": {"form": "two"}}"#)
        let answer = try await ask(TestCall(["é", "e\u{301}"])) {
            $0.users = users
            $0.compact = true
        }
        #expect(answer.body.firstRange(of: Array(#"{"To_Account":"é","Attrs":{"form":"one"}}"#.utf8)) != nil)
        #expect(
            answer.body.firstRange(of: Array("{\"To_Account\":\"e\u{301}\",\"Attrs\":{\"form\":\"two\"}}".utf8)) != nil)
    }

    @Test func valuesAreAnsweredAsWritten() async throws {
        let users = try KnownUsers(
            json:
                #"{ "x": {"n": 1.50e+02, "big":12345678901234567890123, "o": {"a": [1, {}]}, "s": "\u0041\",}", "é":null} }"#
        )
        let answer = try await ask(TestCall(["x"])) {
            $0.users = users
            $0.compact = true
        }
        #expect(
            answer.text.contains(
                #""Attrs":{"n":1.50e+02,"big":12345678901234567890123,"o":{"a": [1, {}]},"s":"\u0041\",}","é":null}"#))
    }

    @Test(arguments: ["", "[]", "1", #"{"a": 1}"#, #"{"a": {}"#, #"{"a": {}, "\u0061": {}}"#, #"{"a": {"b": tru}}"#])
    func badUsers(json: String) {
        #expect(throws: KnownUsersError.self) { try KnownUsers(json: json) }
    }

    @Test func accountsAreEscaped() async throws {
        let call = TestCall(body: #"{"To_Account":["q\"b\\n\nu\u0001\u2028"]}"#)
        let answer = try await ask(call) { $0.compact = true }
        #expect(try DecodedAnswer(answer).UserAttrs?.map(\.To_Account) == ["q\"b\\n\nu\u{1}\u{2028}"])
        #expect(answer.text.contains(#""q\"b\\n\u000au\u0001"#))
    }

    @Test func repeatedAccountsAreAnsweredOnce() async throws {
        let answer = try DecodedAnswer(try await ask(TestCall(["abc", "abc"])))
        #expect(answer.UserAttrs?.map(\.To_Account) == ["abc"])
    }

    @Test func connectionsAreKeptAlive() async throws {
        try await withSandbox { sandbox in
            let calls = [TestCall](repeating: TestCall(), count: 5)
            let codes = try await RawConnection.with(sandbox) { try await $0.codes(calls) }
            #expect(codes == [0, 0, 0, 0, 0])
            let report = await sandbox.report()
            #expect(report.connections == 1)
            #expect(report.calls == 5)
            #expect(report.accounts == 5)
        }
    }

    @Test func connectionCloseIsObeyed() async throws {
        try await withSandbox { sandbox in
            try await RawConnection.with(sandbox) { connection in
                var call = TestCall()
                call.headers = "Connection: close\r\n"
                let answer = try await connection.exchange(call)
                let bytesAfter = try await connection.bytesToEnd()
                #expect(answer.status == 200)
                #expect(bytesAfter == 0)
            }
        }
    }

    @Test func recentRequestsAreBounded() async throws {
        try await withSandbox { configuration in
            configuration.requestsKept = 2
        } _: { sandbox in
            try await RawConnection.with(sandbox) { connection in
                for account in ["a", "b", "c"] { _ = try await connection.exchange(TestCall([account])) }
            }
            let bodies = await sandbox.recentRequests().map { String(decoding: $0.body, as: UTF8.self) }
            #expect(bodies == [#"{"To_Account":["b"]}"#, #"{"To_Account":["c"]}"#])
        }
    }
}

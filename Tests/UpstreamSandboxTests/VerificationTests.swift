import FoundationEssentials
import Testing
import UpstreamSandbox
import UserSig

/// What the sandbox checks in a call, over a verified TLS connection.
@Suite struct VerificationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: Int
        var call: TestCall

        init(_ name: String, _ code: Int, _ call: TestCall = TestCall()) {
            testDescription = name
            self.code = code
            self.call = call
        }
    }

    static let cases = [
        Case("right", 0),
        Case("undecodable", 70003, TestCall().with("usersig", "eJyrVgrx")),
        Case("wrong key", 70009, TestCall().with("usersig", TestCall.userSig(key: "another"))),
        Case("signed for another app", 70014, TestCall().with("usersig", TestCall.userSig(app: 7))),
        Case("signed for another identifier", 70013, TestCall().with("usersig", TestCall.userSig(identifier: "bob"))),
        Case("expired", 70001, TestCall().with("usersig", TestCall.userSig(age: 7200))),
        Case("no such app", 70020, TestCall().with("usersig", TestCall.userSig(app: 7)).with("sdkappid", "7")),
        Case(
            "no administrator", 60010,
            TestCall().with("usersig", TestCall.userSig(identifier: "bob")).with("identifier", "bob")),
        Case("identifiers are bytes", 70013, TestCall().with("identifier", "Administrator")),
        Case("escaped parameters", 0, TestCall().with("identifier", "%61dministrator")),
        Case("no usersig", 60004, TestCall().with("usersig", nil)),
        Case("no identifier", 60004, TestCall().with("identifier", nil)),
        Case("no sdkappid", 60012, TestCall().with("sdkappid", nil)),
        Case("sdkappid is no number", 60012, TestCall().with("sdkappid", "+1400000001")),
        Case("no random", 60002, TestCall().with("random", nil)),
        Case("random over 32 bits", 60002, TestCall().with("random", "4294967296")),
        Case("random is negative", 60002, TestCall().with("random", "-1")),
        Case("random is empty", 60002, TestCall().with("random", "")),
        Case("contenttype missing", 60002, TestCall().with("contenttype", nil)),
        Case("contenttype in capitals", 60002, TestCall().with("contenttype", "JSON")),
        Case("bad escape", 60002, TestCall().with("contenttype", "js%6")),
        Case("parameter name in capitals", 60004, TestCall().with("usersig", nil).with("UserSig", TestCall.userSig())),
        Case("no JSON", 90001, TestCall(body: "{")),
        Case("empty body", 90001, TestCall(body: "")),
        Case("no To_Account", 90001, TestCall(body: #"{"to_account":["a"]}"#)),
        Case("no account", 90001, TestCall(body: #"{"To_Account":[]}"#)),
        Case("account is a number", 90001, TestCall(body: #"{"To_Account":["a",1]}"#)),
        Case("100 accounts", 0, TestCall((0..<100).map { "user\($0)" })),
        Case("101 accounts", 90018, TestCall((0..<101).map { "user\($0)" })),
    ]

    @Test(arguments: cases) func code(_ testCase: Case) async throws {
        try await withSandbox { sandbox in
            let raw = try await RawConnection.with(sandbox) { try await $0.exchange(testCase.call) }
            let answer = try DecodedAnswer(raw)
            #expect(answer.ErrorCode == testCase.code)
            #expect(answer.ActionStatus == (testCase.code == 0 ? "OK" : "FAIL"))
            #expect(answer.ErrorInfo.isEmpty == (testCase.code == 0))
            let report = await sandbox.report()
            #expect(report.calls == 1)
            #expect(report.refusals == (testCase.code == 0 ? [:] : [testCase.code: 1]))
        }
    }

    @Test func pathAndMethod() async throws {
        try await withSandbox { sandbox in
            var wrongPath = TestCall()
            wrongPath.path = "/v4/all_member_push/im_set_attr"
            var wrongMethod = TestCall()
            wrongMethod.method = "PUT"
            let statuses = try await RawConnection.with(sandbox) { connection in
                [try await connection.exchange(wrongPath).status, try await connection.exchange(wrongMethod).status]
            }
            #expect(statuses == [404, 405])
            let report = await sandbox.report()
            #expect(report.otherRequests == 2)
            #expect(report.calls == 0)
        }
    }

    @Test func authorityAsAFile() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).pem").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withSandbox { sandbox in
            try sandbox.writeCertificateAuthority(to: path)
            let content = FileManager.default.contents(atPath: path)
            #expect(content == Data(sandbox.certificateAuthorityPEM.utf8))
        }
    }

    @Test func clockOffset() async throws {
        try await withSandbox { sandbox in
            await sandbox.configure { $0.clockOffsetSeconds = 86400 }
            let raw = try await RawConnection.with(sandbox) { try await $0.exchange(TestCall()) }
            #expect(try DecodedAnswer(raw).ErrorCode == 70001)
        }
    }

    @Test func anotherAuthorityIsNotTrusted() async throws {
        try await withSandbox { sandbox in
            try await withSandbox { other in
                #expect(sandbox.certificateAuthorityPEM != other.certificateAuthorityPEM)
                await #expect(throws: (any Error).self) {
                    try await RawConnection.with(sandbox, trusting: other.certificateAuthorityPEM) {
                        try await $0.exchange(TestCall())
                    }
                }
                #expect(await sandbox.report().calls == 0)
            }
        }
    }

    @Test func overTheLimit() async throws {
        try await withSandbox { configuration in
            configuration.rateLimit = 3
        } _: { sandbox in
            // Whatever the time between them, of six calls sent at once the first three are within any limit.
            let codes = try await RawConnection.with(sandbox) { connection in
                try await connection.send(String(repeating: TestCall().text, count: 6))
                var codes: [Int] = []
                for _ in 0..<6 { codes.append(try DecodedAnswer(try await connection.answer()).ErrorCode) }
                return codes
            }
            let report = await sandbox.report()
            #expect(codes.prefix(3) == [0, 0, 0])
            #expect(report.calls == 6)
            #expect(report.refusals[60007, default: 0] == codes.count { $0 == 60007 })
            #expect((report.worstSecond > 3) == codes.contains(60007))
        }
    }
}

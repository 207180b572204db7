import Glibc
import NIOCore
import Testing
import UpstreamSandbox

/// What goes wrong on purpose, as a client sees it.
@Suite struct FaultTests {
    private func withFault<Result>(
        _ text: String, _ body: (RawConnection) async throws -> Result
    ) async throws -> Result {
        let fault = try Fault(text: text)
        return try await withSandbox { configuration in
            configuration.faults = [fault]
            configuration.compact = true
        } _: { sandbox in
            let result = try await RawConnection.with(sandbox, body)
            #expect(await sandbox.report().faults.values.reduce(0, +) >= 1)
            return result
        }
    }

    @Test func gatewayErrorEchoesTheURL() async throws {
        let call = TestCall()
        let answer = try await withFault("status=502") { try await $0.exchange(call) }
        #expect(answer.status == 502)
        #expect(answer.headers["content-type"] == "text/html")
        #expect(answer.text.contains("\(call.path)?\(call.query)"))
    }

    @Test(arguments: [302, 307]) func redirect(status: Int) async throws {
        let call = TestCall()
        let inside = try await withFault("redirect=\(status)") { try await $0.exchange(call) }
        #expect(inside.status == status)
        #expect(inside.headers["location"] == "/elsewhere?\(call.query)")
        let outside = try await withFault("redirect=\(status),https://elsewhere.invalid/x") {
            try await $0.exchange(call)
        }
        #expect(outside.headers["location"] == "https://elsewhere.invalid/x")
    }

    @Test func reset() async throws {
        try await withFault("reset") { connection in
            try await connection.send(TestCall().text)
            let error = await #expect(throws: IOError.self) { try await connection.bytesToEnd() }
            #expect(error?.errnoCode == ECONNRESET)
        }
    }

    @Test func hangUntilTheEnd() async throws {
        try await withSandbox { configuration in
            configuration.faults = [Fault(.hang, account: "slow")]
        } _: { sandbox in
            try await RawConnection.with(sandbox) { hanging in
                try await hanging.send(TestCall(["slow"]).text)
                // Other connections are served, and nothing has come on this one when the server goes.
                try await RawConnection.with(sandbox) { other in
                    while await sandbox.report().faults["hang"] == nil {
                        let answer = try await other.exchange(TestCall())
                        #expect(answer.status == 200)
                    }
                }
                await sandbox.shutDown()
                let bytes = try await hanging.bytesToEnd()
                #expect(bytes == 0)
            }
        }
    }

    @Test func garbage() async throws {
        let answer = try await withFault("garbage") { try await $0.exchange(TestCall()) }
        #expect(answer.status == 200)
        #expect(String(validating: answer.body, as: UTF8.self) == nil)
    }

    @Test func truncated() async throws {
        let answer = try await withFault("truncated") { try await $0.exchange(TestCall()) }
        #expect(answer.text.hasPrefix(#"{"ActionStatus":"OK""#))
        #expect(!answer.text.hasSuffix("}"))
    }

    @Test func ownBody() async throws {
        let answer = try await withFault(#"body={"a":"=@account"}@every=1"#) { try await $0.exchange(TestCall()) }
        #expect(answer.text == #"{"a":"=@account"}"#)
    }

    @Test func errorCode() async throws {
        let answer = try DecodedAnswer(try await withFault("error=91000") { try await $0.exchange(TestCall()) })
        #expect(answer.ActionStatus == "FAIL")
        #expect(answer.ErrorCode == 91000)
        #expect(answer.UserAttrs == nil)
    }

    @Test func echoedURL() async throws {
        let call = TestCall()
        let answer = try DecodedAnswer(try await withFault("echo-url=60002") { try await $0.exchange(call) })
        #expect(answer.ErrorCode == 60002)
        #expect(answer.ErrorInfo.contains("\(call.path)?\(call.query)"))
    }

    @Test func drip() async throws {
        let answer = try await withFault("drip=1") { try await $0.exchange(TestCall(["Chen Xiaoming"])) }
        #expect(try DecodedAnswer(answer).UserAttrs?.first?.Attrs == ["sex": "M", "city": "Shenzhen"])
    }

    @Test func oversized() async throws {
        let answer = try await withFault("oversized") { try await $0.exchange(TestCall()) }
        #expect(answer.body.count > 1 << 21)
        #expect(try DecodedAnswer(answer).ErrorCode == 91000)
    }

    @Test func closedAfterTheAnswer() async throws {
        for (text, header) in [("close", "close"), ("close-silently", nil)] {
            try await withFault(text) { connection in
                let answer = try await connection.exchange(TestCall())
                #expect(try DecodedAnswer(answer).ErrorCode == 0)
                #expect(answer.headers["connection"] == header)
                let bytesAfter = try await connection.bytesToEnd()
                #expect(bytesAfter == 0)
            }
        }
    }

    @Test(arguments: [
        ([Fault(.error(1), when: .first(2))], "aaaa", [1, 1, 0, 0]),
        ([Fault(.error(1), when: .every(3))], "aaaaaa", [0, 0, 1, 0, 0, 1]),
        ([Fault(.error(1), account: "x")], "axax", [0, 1, 0, 1]),
        ([Fault(.error(1), when: .first(1), account: "x"), Fault(.error(2), account: "x")], "axax", [0, 1, 0, 2]),
        ([Fault(.error(1), when: .chance(0))], "aa", [0, 0]),
        ([Fault(.error(1), when: .chance(1))], "aa", [1, 1]),
    ]) func whenAndForWhom(faults: [Fault], accounts: String, expected: [Int]) async throws {
        let calls = accounts.map { TestCall(["other", String($0)]) }
        try await withSandbox { sandbox in
            await sandbox.setFaults(faults)
            let codes = try await RawConnection.with(sandbox) { try await $0.codes(calls) }
            #expect(codes == expected)
            #expect(await sandbox.report().refusals[1, default: 0] == expected.count { $0 == 1 })
        }
    }
}

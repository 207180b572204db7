import Glibc
import NIOCore
import Testing
import UpstreamSandbox

/// Faults of connections, and what can be changed while a sandbox runs.
@Suite struct ConnectionFaultTests {
    private func accounts(_ answer: RawAnswer) throws -> [String] {
        try DecodedAnswer(answer).UserAttrs.map { $0.map(\.To_Account) } ?? []
    }

    private func withFaults<Result>(
        _ faults: [Fault], _ body: (RawConnection) async throws -> Result
    ) async throws -> Result {
        try await withSandbox {
            $0.faults = faults
        } _: { sandbox in
            try await RawConnection.with(sandbox, body)
        }
    }

    @Test func resetInTheBody() async throws {
        try await withFaults([Fault(.resetInBody, account: "bad")]) { connection in
            try await connection.send(TestCall(["bad", "a"]).text)
            let error = await #expect(throws: IOError.self) { try await connection.bytesToEnd() }
            #expect(error?.errnoCode == ECONNRESET)
            #expect(connection.text.contains("ActionStatus"))
        }
    }

    @Test func cut() async throws {
        try await withFaults([Fault(.cut, account: "bad")]) { connection in
            try await connection.send(TestCall(["bad", "a"]).text)
            let end = await #expect(throws: RawConnection.EndOfStream.self) { try await connection.answer() }
            #expect((end?.bytes ?? 0) > 100)
        }
    }

    @Test func slow() async throws {
        try await withFaults([Fault(.slow(.milliseconds(80)), account: "bad")]) { connection in
            let start = ContinuousClock.now
            let answer = try await connection.exchange(TestCall(["a", "bad"]))
            #expect(ContinuousClock.now - start >= .milliseconds(80))
            #expect(try accounts(answer).sorted() == ["a", "bad"])
        }
    }

    /// From the stray answer on, each call gets the answer of the one before it.
    @Test func oneAnswerAfterAnother() async throws {
        try await withSandbox {
            $0.faults = [Fault(.stray, account: "bad")]
        } _: { sandbox in
            func asked(_ calls: [String]) async throws -> [String] {
                try await RawConnection.with(sandbox) { connection in
                    var answered: [String] = []
                    for call in calls { answered += try accounts(try await connection.exchange(TestCall([call]))) }
                    return answered
                }
            }
            let behind = try await asked(["a", "bad", "b", "bad", "c"])
            #expect(behind == ["a", "a", "bad", "b", "bad"])
            let behindAtOnce = try await asked(["bad", "a", "b"])
            #expect(behindAtOnce == ["stranger", "bad", "a"])
            // Another connection is another matter.
            let inStep = try await asked(["a", "b"])
            #expect(inStep == ["a", "b"])
        }
    }

    @Test func bytesAfterTheAnswersEnd() async throws {
        try await withFaults([Fault(.trailing("{}"), when: .first(1)), Fault(.repeated(after: .zero))]) { connection in
            let trailing = try await connection.exchange(TestCall(["a"]))
            #expect(try accounts(trailing) == ["a"])
            let surplus = try await connection.bytes(2)
            #expect(surplus == "{}")
            let first = try await connection.exchange(TestCall(["b"]))
            let again = try await connection.answer()
            #expect(try accounts(first) == ["b"])
            #expect(again.body == first.body)
            #expect(again.headers == first.headers)
        }
    }

    @Test func theAnswerComesAgainLater() async throws {
        try await withFaults([Fault(.repeated(after: .milliseconds(20)), when: .first(1))]) { connection in
            let first = try await connection.exchange(TestCall(["a"]))
            let again = try await connection.answer()
            #expect(again.body == first.body)
            #expect(try accounts(try await connection.exchange(TestCall(["b"]))) == ["b"])
        }
    }

    @Test(arguments: [IdleEnd.reset, .close]) func idleConnectionsEnd(how: IdleEnd) async throws {
        try await withSandbox {
            $0.faults = [Fault(.hang, account: "slow")]
        } _: { sandbox in
            try await RawConnection.with(sandbox) { idle in
                try await RawConnection.with(sandbox) { busy in
                    _ = try await idle.exchange(TestCall())
                    try await busy.send(TestCall(["slow"]).text)
                    while await sandbox.report().faults["hang"] == nil { await Task.yield() }
                    #expect(await sandbox.endIdleConnections(how) == 1)
                    switch how {
                    case .reset:
                        let error = await #expect(throws: IOError.self) { try await idle.bytesToEnd() }
                        #expect(error?.errnoCode == ECONNRESET)
                    default:
                        let bytes = try await idle.bytesToEnd()
                        #expect(bytes == 0)
                    }
                    #expect(await sandbox.endIdleConnections(how) == 0)
                    await sandbox.shutDown()
                }
            }
        }
    }

    @Test func idleConnectionsAreResetByTheNextRequest() async throws {
        try await withSandbox { sandbox in
            try await RawConnection.with(sandbox) { connection in
                _ = try await connection.exchange(TestCall())
                #expect(await sandbox.endIdleConnections(.resetOnUse) == 1)
                try await connection.send(TestCall().text)
                let error = await #expect(throws: IOError.self) { try await connection.bytesToEnd() }
                #expect(error?.errnoCode == ECONNRESET)
                // It is no call: nothing was taken of it.
                #expect(await sandbox.report().calls == 1)
            }
        }
    }

    @Test func idleConnectionsFallSilent() async throws {
        try await withSandbox { sandbox in
            try await RawConnection.with(sandbox) { connection in
                _ = try await connection.exchange(TestCall())
                #expect(await sandbox.endIdleConnections(.mute) == 1)
                try await connection.send(TestCall().text)
                let codes = try await RawConnection.with(sandbox) { try await $0.codes([TestCall()]) }
                #expect(codes == [0])
                #expect(await sandbox.report().calls == 2)
                await sandbox.shutDown()
                let bytes = try await connection.bytesToEnd()
                #expect(bytes == 0)
            }
        }
    }

    @Test func outageIsSwitchedOnAndOff() async throws {
        try await withSandbox {
            $0.faults = [Fault(.error(5), account: "bad")]
        } _: { sandbox in
            try await RawConnection.with(sandbox) { connection in
                await sandbox.setOutage(.error(99_999))
                let during = try await connection.codes([TestCall(), TestCall(["bad"])])
                await sandbox.setOutage(nil)
                let after = try await connection.codes([TestCall(), TestCall(["bad"])])
                #expect(during == [99_999, 99_999])
                #expect(after == [0, 5])
            }
        }
    }

    @Test func linesAreObeyed() async throws {
        try await withSandbox { sandbox in
            try await RawConnection.with(sandbox) { connection in
                func code(after line: String) async throws -> Int {
                    let outcome = await sandbox.obey(try ControlLine(text: line))
                    #expect(outcome == .done)
                    return try DecodedAnswer(try await connection.exchange(TestCall())).ErrorCode
                }
                let lines = ["fault error=3", "fault error=4", "outage error=5", "no-outage", "no-faults"]
                var codes: [Int] = []
                for line in lines { codes.append(try await code(after: line)) }
                #expect(codes == [3, 3, 5, 3, 0])
                let report = await sandbox.report()
                #expect(await sandbox.obey(.report) == .report(report))
                #expect(await sandbox.obey(.endIdle(.close)) == .ended(connections: 1))
            }
        }
    }
}

import AttributeValues
import Testing
import UpstreamClient
import UpstreamSandbox

/// Calls that are not answered as documented: what is known of each, and what is told.
@Suite struct FaultTests {
    /// A call that meets a fault, and what the sandbox saw of it.
    private func report(
        _ kind: Fault.Kind, on connection: ConnectionChoice = .any, timeout: Duration = .seconds(30)
    ) async throws -> (CallEnd, SandboxReport) {
        try await withClient(timeout: timeout) { client, sandbox in
            try await client.connect()
            let calls = await sandbox.report().calls
            await sandbox.setFaults([Fault(kind)])
            let report = try await client.call("abc", on: connection)
            var seen = await sandbox.report()
            seen.calls -= calls
            return (report, seen)
        }
    }

    @Test(arguments: [201, 204, 400, 401, 403, 404, 405, 408, 429, 500, 501, 502, 503, 504, 505])
    func otherStatusesThan200AreNoAnswers(status: Int) async throws {
        let (report, sandbox) = try await report(.status(status))
        #expect(report.isUnknown)
        #expect(report.failure?.kind == .status)
        #expect(report.failure?.code == CallFailure.unreachable)
        #expect(report.failure?.message == "upstream answered with HTTP status \(status)")
        #expect(sandbox.calls == 1)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func redirectElsewhereIsNotFollowed(status: Int) async throws {
        let elsewhere = try await SandboxServer.start()
        let location = elsewhere.baseURL + "/v4/all_member_push/im_get_attr"
        let (report, sandbox) = try await report(.redirect(status, location: location))
        #expect(report.isUnknown)
        #expect(report.failure?.kind == .redirect)
        #expect(
            report.failure?.message
                == "upstream answered with HTTP status \(status), a redirect, which is never followed")
        #expect(sandbox.calls == 1)
        #expect(await elsewhere.report().connections == 0)
        await elsewhere.shutDown()
    }

    @Test(arguments: [302, 307])
    func redirectToTheSameServerIsNotFollowed(status: Int) async throws {
        let (report, sandbox) = try await report(.redirect(status, location: nil))
        #expect(report.failure?.kind == .redirect)
        #expect(sandbox.calls == 1)
        #expect(sandbox.otherRequests == 0)
    }

    /// On a connection that has served a call before, it may have been dead all the time.
    @Test(arguments: [(ConnectionChoice.any, CallFailure.Kind.stale), (.new, .lost)])
    func resetIsALoss(connection: ConnectionChoice, kind: CallFailure.Kind) async throws {
        let (report, sandbox) = try await report(.reset, on: connection)
        #expect(report.isUnknown)
        #expect(report.failure?.kind == kind)
        #expect(sandbox.calls == 1)
    }

    @Test func silenceEndsWithTheTimeOut() async throws {
        let (report, sandbox) = try await report(.hang, timeout: .seconds(2))
        #expect(report.isUnknown)
        #expect(report.failure?.kind == .timedOut)
        #expect(report.failure?.message == "no answer within the time-out")
        #expect(sandbox.calls == 1)
    }

    @Test func slowDripEndsWithTheTimeOut() async throws {
        let (report, _) = try await report(.drip(pause: .seconds(10)), timeout: .seconds(2))
        #expect(report.isUnknown)
        #expect(report.failure?.message == "no answer within the time-out")
    }

    @Test func dripInTimeIsAnswered() async throws {
        let (report, _) = try await report(.drip(pause: .microseconds(1)))
        #expect(report.isAnswered)
    }

    @Test(arguments: [Fault.Kind.garbage, .truncated, .body(""), .body("[]"), .body("<html></html>"), .body("{}")])
    func undocumentedAnswerIsNotRetried(kind: Fault.Kind) async throws {
        let (report, sandbox) = try await report(kind)
        #expect(report.isUnknown)
        #expect(report.failure?.kind == .unusableAnswer)
        #expect(report.failure?.message.hasPrefix("upstream's answer is not what is documented: ") == true)
        #expect(sandbox.calls == 1)
    }

    @Test func answerBeyondTheCapIsNotRead() async throws {
        let (report, sandbox) = try await report(.oversized(bytes: 1 << 20))
        #expect(report.isUnknown)
        #expect(report.failure?.kind == .unusableAnswer)
        #expect(report.failure?.message == "upstream's answer is larger than 1048576 bytes")
        #expect(sandbox.calls == 1)
    }

    @Test func answerBelowTheCapIsRead() async throws {
        let (report, _) = try await report(.oversized(bytes: (1 << 20) - 200))
        #expect(report.isAnswered)
        #expect(report.failure?.code == 91000)
        #expect(report.failure?.errorInfo?.utf8.count == 512)
    }

    @Test func failIsAnAnswer() async throws {
        let (report, _) = try await report(.error(90001))
        #expect(report.isAnswered)
        #expect(report.failure?.kind == .account)
        #expect(report.failure?.code == 90001)
    }

    @Test(arguments: [true, false])
    func connectionClosedAfterAnAnswerIsReplaced(announced: Bool) async throws {
        try await withClient(faults: [Fault(.close(announced: announced), when: .first(1))]) { client, sandbox in
            #expect(try await client.call("abc").isAnswered)
            // One that closes silently can meet the next call on its way: that one is lost, and the one after it is
            // not.
            let next = try await client.call("abc")
            if !next.isAnswered {
                #expect(next.failure?.kind == .stale)
                #expect(try await client.call("abc").isAnswered)
            }
            #expect(await sandbox.report().connections == 2)
        }
    }

    @Test func expiredSignatureTellsTheClocksDifference() async throws {
        var configuration = SandboxConfiguration()
        configuration.clockOffsetSeconds = 10_000
        try await withClient(configuration) { client, _ in
            let report = try await client.call("abc")
            let skew = try #require(report.failure?.clockSkewSeconds)
            #expect(report.failure?.kind == .signatureExpired)
            #expect((-10_060 ... -9_940).contains(skew))
        }
    }
}

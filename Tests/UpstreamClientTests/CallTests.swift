import AttributeValues
import NIOCore
import Testing
import UpstreamClient
import UpstreamSandbox

/// Calls that are answered.
@Suite struct CallTests {
    @Test func vendorsExampleIsAnswered() async throws {
        try await withClient { client, sandbox in
            let report = try await client.call("Zhang Xiaohong", "Chen Xiaoming", "abc")
            let answer = try report.result.get()
            #expect(report.isAnswered)
            #expect(answer.results[2].attrs?.json == Array("{}".utf8))
            #expect(answer.results[1].attrs?.json == Array(#"{"sex":"M","city":"Shenzhen"}"#.utf8))
            #expect(answer.results.count == 3 && answer.results[0].attrs != nil)
            #expect(answer.unrequested == 0)
            let skew = try #require(await client.onEventLoop { $0.clockSkewSeconds })
            #expect(abs(skew) < 60)
        }
    }

    /// The names and values of the query, as the vendor's documentation of REST calls wants them.
    @Test func requestIsAsDocumented() async throws {
        var configuration = SandboxConfiguration()
        configuration.administrator = "管理员 &=%+"
        try await withClient(configuration) { client, sandbox in
            _ = try await client.call("a\"\\\u{1}é", "e\u{301}").result.get()
            let request = try #require(await sandbox.recentRequests().first)
            #expect(request.method == "POST")
            #expect(request.uri.hasPrefix("/v4/all_member_push/im_get_attr?usersig="))
            #expect(
                request.uri.contains(
                    "&identifier=%E7%AE%A1%E7%90%86%E5%91%98%20%26%3D%25%2B&sdkappid=1400000001&random="))
            #expect(request.uri.hasSuffix("&contenttype=json"))
            #expect(request.body == Array("{\"To_Account\":[\"a\\\"\\\\\\u0001é\",\"e\u{301}\"]}".utf8))
            let names = Set(request.headers.map { $0.name.lowercased() })
            #expect(names == ["host", "content-type", "content-length"])
        }
    }

    @Test func randomIsFreshForEachCall() async throws {
        try await withClient { client, sandbox in
            for _ in 0..<3 { _ = try await client.call("abc") }
            let uris = await sandbox.recentRequests().map(\.uri)
            #expect(Set(uris).count == 3)
        }
    }

    @Test func sequentialCallsShareOneConnection() async throws {
        try await withClient { client, sandbox in
            for _ in 0..<10 { _ = try await client.call("abc").result.get() }
            let report = await sandbox.report()
            #expect(report.calls == 10)
            #expect(report.connections == 1)
        }
    }

    /// The first answer of a connection does not count, and what does must not be longer than what the server saw.
    @Test func roundTripsAreMeasuredFromWhenTheRequestWasWritten() async throws {
        var configuration = SandboxConfiguration()
        configuration.answerDelay = .init(least: .seconds(1), meanJitter: .zero)
        try await withClient(configuration) { client, _ in
            for number in 0..<3 {
                let before = ContinuousClock.now
                _ = try await client.call("abc").result.get()
                let wait = ContinuousClock.now - before
                let list: [Duration] = client.events.compactMap { event in
                    guard case .roundTrip(let time) = event else { return nil }
                    return time
                }
                #expect(list.count == number)
                // The server's delay begins before we know that all is written, by a moment or, on a slow machine, by more.
                if let last = list.last { #expect((.milliseconds(100)...wait).contains(last)) }
            }
        }
    }

    /// None waits for another one's connection, however many there are.
    @Test func parallelCallsEachHaveAConnection() async throws {
        let count = 40
        try await withClient(faults: [Fault(.hang)], timeout: .seconds(600)) { client, sandbox in
            async let ends = client.calls(count)
            // All at once: none is answered.
            while await sandbox.report().calls < count { try await Task.sleep(for: .milliseconds(5)) }
            await sandbox.shutDown()
            #expect(try await ends.count(where: \.isUnknown) == count)
            let report = await sandbox.report()
            #expect(report.calls == count)
            #expect(report.connections == count)
        }
    }

    @Test func unrequestedAccountIsDroppedAndCounted() async throws {
        let body = #"""
            {"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"UserAttrs":[
             {"To_Account":"stranger","Attrs":{}},{"To_Account":"abc","Attrs":{ "a" : 1.0 }}]}
            """#
        try await withClient(faults: [Fault(.body(body))]) { client, _ in
            let end = try await client.call("abc")
            // The answer may be another call's.
            #expect(end.isUnknown)
            let answer = try end.result.get()
            #expect(answer.results.map(\.attrs) == [Attrs(json: Array(#"{"a":1.0}"#.utf8))])
            #expect(answer.unrequested == 1)
            #expect(!answer.isComplete)
        }
    }

    /// What comes next on its connection would be the next call's answer.
    @Test(arguments: [
        (Fault.Kind.body(#"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[{"To_Account":"z","Attrs":{}}]}"#), true),
        (.body(#"{"ActionStatus":"OK","ErrorCode":0,"ErrorList":[{"To_Account":"z"},{"To_Account":"abc"}]}"#), true),
        (
            .body(#"{"ActionStatus":"FAIL","ErrorCode":90003,"ErrorList":[{"To_Account":"z"},{"To_Account":"abc"}]}"#),
            true
        ),
        (.garbage, true), (.body("[]"), true),
        (.body(#"{"ActionStatus":"OK","ErrorCode":0,"UserAttrs":[{"To_Account":"abc"},{}]}"#), false),
        (.error(90003), false),
    ])
    func connectionOfAnotherCallsAnswerIsClosed(kind: Fault.Kind, isClosed: Bool) async throws {
        try await withClient(faults: [Fault(kind, when: .first(1))]) { client, sandbox in
            let end = try await client.call("abc")
            #expect(end.isUnknown == isClosed && end.isAnswered == !isClosed)
            #expect(try await client.call("abc").isAnswered)
            #expect(await sandbox.report().connections == (isClosed ? 2 : 1))
        }
    }

    /// On a connection that has served a call, an answer for other accounts only is late for that one.
    @Test func entriesForOthersOnlyOnAUsedConnectionSayNothingAboutTheCall() async throws {
        let fault = Fault(.onlyStranger("z"), accounts: .prefixed("bad"))
        try await withClient(faults: [fault]) { client, sandbox in
            #expect(try await client.call("bad1").failure?.kind == .unusableAnswer)
            #expect(try await client.call("abc").isAnswered)
            let late = try await client.call("bad2")
            #expect(late.failure?.kind == .stale && late.isUnknown)
            #expect(try await client.call("abc").isAnswered)
            #expect(await sandbox.report().connections == 3)
        }
    }

    @Test func ipAddressIsCheckedAgainstTheCertificate() async throws {
        let sandbox = try await SandboxServer.start()
        let client = try await TestClient(of: sandbox, url: "https://127.0.0.1:\(sandbox.port)")
        #expect(try await client.call("abc").isAnswered)
        try await client.shutDown()
        await sandbox.shutDown()
    }

    @Test func callsAfterShutDownFail() async throws {
        let sandbox = try await SandboxServer.start()
        let client = try await TestClient(of: sandbox)
        try await client.shutDown()
        let report = try await client.call("abc")
        #expect(report.wasNeverSent)
        #expect(report.failure?.kind == .neverSent)
        await sandbox.shutDown()
    }
}

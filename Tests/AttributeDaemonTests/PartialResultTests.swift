import AttributeAPI
import AttributeDaemon
import DaemonConfiguration
import Foundation
import SchemaCheck
import Testing
import UpstreamSandbox

/// `getAttrs` with `partial`: fetched accounts and failed ones in one result.
@Suite(.timeLimit(.minutes(15))) struct PartialResultTests {
    private func request(_ accounts: [String], timeoutMs: Int = 30000, maxAgeMs: Int = 0) throws -> String {
        let params: [Any] = [accounts, timeoutMs, maxAgeMs, true]
        let object: [String: Any] = ["jsonrpc": "2.0", "id": 1, "method": "getAttrs", "params": params]
        return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }

    private func failed(_ answer: [String: Any]) -> [[String: Any]]? { answer.result?["failed"] as? [[String: Any]] }

    @Test func theAccountAtFaultIsListedAndTheRestIsAnswered() async throws {
        let faults = [Fault(.error(90001), account: "user120")]
        let sandbox: (inout SandboxConfiguration) -> Void = {
            $0.faults = faults
            $0.unknownAccounts = .missing
        }
        try await DaemonUnderTest.run(sandbox: sandbox) { test in
            let client = try await test.connect()
            let answer = try await client.ask(request(["abc", "user120", "user121", "Chen Xiaoming"]))
            #expect(answer.answered == ["abc", "Chen Xiaoming"])
            #expect(answer.missing == ["user121"])
            let entry = try #require(failed(answer)?.first)
            #expect(failed(answer)?.count == 1)
            #expect(entry["To_Account"] as? String == "user120")
            #expect(entry["code"] as? Int == 90001)
            #expect(entry["retryable"] as? Bool == false)
            #expect(entry["message"] as? String != nil)
            #expect(entry["ErrorInfo"] as? String != nil)
            #expect(entry["callId"] as? String != nil)
        }
    }

    @Test func theResultIsAsDescribed() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(90001), account: "bad")] }) { test in
            let client = try await test.connect()
            try await client.send(#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#)
            let discovered = try #require(await client.next())
            let document = try #require(try JSONTree(json: Array(discovered.utf8))["result"])
            let method = document["methods"]?.elements.first { $0["name"]?.text == "getAttrs" }
            let schema = try #require(method?["result"]?["schema"])
            try await client.send(request(["abc", "bad"]))
            let line = try #require(await client.next())
            let answer = try JSONTree(json: Array(line.utf8))
            #expect(answer["result"]?["failed"]?.elements.count == 1)
            #expect(SchemaCheck(document: document).faults(try #require(answer["result"]), schema) == [])
        }
    }

    @Test func withoutAFailureTheListIsEmpty() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            let answer = try await client.ask(request(["abc"]))
            #expect(answer.answered == ["abc"])
            #expect(failed(answer)?.isEmpty == true)
            #expect(failed(try await client.ask(request([])))?.isEmpty == true)
            #expect(try await client.getAttrs(["abc"]).result?["failed"] == nil)
        }
    }

    @Test func nothingAnsweredIsTheError() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.error(90001))] }) { test in
            let answer = try await test.connect().ask(request(["abc"]))
            #expect(answer.code == 90001)
            #expect(answer.data?["fetched"] as? Int == 0)
        }
    }

    @Test func theDeadlineEndsItWithWhatWasFetched() async throws {
        let faults = [Fault(.hang, account: "slow")]
        try await DaemonUnderTest.run(sandbox: { $0.faults = faults }) { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc"])
            let answer = try await client.ask(request(["slow", "abc"], timeoutMs: 300, maxAgeMs: 60000))
            #expect(answer.answered == ["abc"])
            #expect(answer.missing == [])
            #expect(failed(answer)?.map { $0["To_Account"] as? String } == ["slow"])
            #expect(failed(answer)?.map { $0["code"] as? Int } == [-32001])
            #expect(failed(answer)?.map { $0["retryable"] as? Bool } == [true])
        }
    }

    @Test func stoppingEndsItWithWhatWasFetched() async throws {
        // The only call that may be in progress lasts until the daemon stops.
        let flags: [ConfigurationKey: String] = [.maxInFlight: "1", .upstreamTimeoutMs: "60000"]
        try await DaemonUnderTest.run(sandbox: { $0.faults = [DaemonUnderTest.occupying] }, flags: flags) { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc"])
            try await test.occupy(client)
            try await client.send(request(["waits", "abc"], maxAgeMs: 60000))
            try await test.waitForRequests(1)
            async let stopped: Void = test.daemon.stop()
            let answer = try await client.nextObject()
            #expect(answer.answered == ["abc"])
            #expect(failed(answer)?.map { $0["code"] as? Int } == [-32004])
            #expect(failed(answer)?.first?["retryAfterMs"] as? Int == 1000)
            try await stopped
        }
    }

    @Test func cancellingIsTheError() async throws {
        try await DaemonUnderTest.run(sandbox: { $0.faults = [Fault(.hang, account: "slow")] }) { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc"])
            try await client.send(request(["slow", "abc"], maxAgeMs: 60000))
            try await client.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#)
            #expect(try await client.nextObject().code == -32800)
        }
    }
}

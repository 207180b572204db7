import AttributeDaemon
import DaemonConfiguration
import Foundation
import JSONRPCServer
import Testing
import UpstreamSandbox

/// The methods of administrators: served for them, and for nobody else.
@Suite(.timeLimit(.minutes(15))) struct AdministrationTests {
    private func line(_ method: String, _ params: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
    }

    /// A connection to a socket of administrators, which has a folder of its own.
    private func administrator(of test: DaemonUnderTest) async throws -> (LineClient, OwnSocket) {
        let path = test.folder.appendingPathComponent("admin").path
        let socket = try OwnSocket(path: path)
        try await test.daemon.listen(on: socket.descriptor, as: .administrators)
        return (try await LineClient.connect(to: path), socket)
    }

    @Test(arguments: [("reload", "{}"), ("setLogLevel", #"{"level":"debug"}"#), ("getCallers", "{}")])
    func othersAreNotServed(method: String, params: String) async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            let refusal = try await client.ask(line(method, params))
            #expect(refusal.code == -32601)
            #expect((refusal.error?["message"] as? String)?.contains("getCallers") == false)
            let document = try await client.ask(line("rpc.discover"))
            let methods = document.result?["methods"] as? [[String: Any]]
            #expect(methods?.contains { $0["name"] as? String == method } == false)
            let log = test.log.lines
            #expect(!log.contains { $0.contains("administration") || $0.contains("reloaded") })
        }
    }

    @Test func aReloadSaysWhatIsWrongAndKeepsTheOldOne() async throws {
        try await DaemonUnderTest.run { test in
            let (admin, socket) = try await administrator(of: test)
            defer { socket.remove() }
            test.set(.rateLimit, "many")
            let refusal = try await admin.ask(line("reload"))
            #expect(refusal.code == -32005)
            #expect((refusal.error?["message"] as? String)?.contains(#"rateLimit (flag --rate-limit): "many""#) == true)
            #expect(try await admin.getAttrs(["abc"]).answered == ["abc"])

            test.set(.rateLimit, "7")
            test.set(.admin, "somebody")
            #expect(try await admin.ask(line("reload")).result?["keysForRestart"] as? [String] == ["admin"])
            let limiter = try await test.status()["limiter"] as? [String: Any]
            #expect(limiter?["rateLimit"] as? Int == 7)
            let audit = test.log.lines.filter { $0.contains("administration") }
            #expect(audit.count == 2)
            #expect(audit.first?.contains("-32005") == true && audit.last?.contains("ok") == true)
        }
    }

    @Test func reloadsFollowEachOther() async throws {
        try await DaemonUnderTest.run(administrator: geteuid()) { test in
            let client = try await test.connect()
            try await client.send(Array(repeating: line("reload"), count: 20).joined(separator: "\n"))
            for _ in 0..<20 { #expect(try await client.nextObject().result != nil) }
            #expect(test.log.lines.count { $0.contains("configuration reloaded") } == 20)
        }
    }

    /// It is in force until the next reload.
    @Test func theLogLevelCanBeSet() async throws {
        try await DaemonUnderTest.run(flags: [.logLevel: "info"], administrator: geteuid()) { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc"])
            #expect(!test.log.lines.contains { $0.hasPrefix("debug") })
            #expect(
                try await client.ask(line("setLogLevel", #"{"level":"debug"}"#)).result?["level"] as? String == "debug")
            _ = try await client.getAttrs(["def"])
            #expect(test.log.lines.contains { $0.hasPrefix("debug") })
            for wrong in ["{}", #"{"level":"loud"}"#, #"{"level":3}"#, #"{"levels":"debug"}"#] {
                #expect(try await client.ask(line("setLogLevel", wrong)).code == -32602)
            }
            _ = try await client.ask(line("reload"))
            let before = test.log.lines.count { $0.hasPrefix("debug") }
            _ = try await client.getAttrs(["ghi"])
            #expect(test.log.lines.count { $0.hasPrefix("debug") } == before)
        }
    }

    @Test func callersAreListedWithWhatTheyUse() async throws {
        try await DaemonUnderTest.run { test in
            let (admin, socket) = try await administrator(of: test)
            defer { socket.remove() }
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc", "def"])
            let past = try await test.connect()
            _ = try await past.getAttrs(["ghi"])
            try await past.close()
            while try await test.status()["connections"] as? Int ?? 0 > 3 {}
            let result = try #require(try await admin.ask(line("getCallers")).result)
            let users = try #require(result["users"] as? [[String: Any]])
            #expect(users.count == 1)
            #expect(users.first?["uid"] as? UInt32 == geteuid())
            #expect(users.first?["accounts"] as? Int == 3)
            let connections = try #require(result["connections"] as? [[String: Any]])
            #expect(connections.first?["accounts"] as? Int == 2)
            #expect(connections.first?["pid"] as? Int32 == getpid())
            #expect(result["rateLimit"] as? Int == 100)
            _ = try await admin.ask(line("getCallers"))
            #expect(test.log.lines.count { $0.contains("administration") } == 1)
        }
    }

    /// Callers see their own part of the queue, administrators all.
    @Test func theStatusOfOthersIsForAdministrators() async throws {
        let hang: (inout SandboxConfiguration) -> Void = { $0.faults = [Fault(.hang)] }
        try await DaemonUnderTest.run(sandbox: hang, flags: [.upstreamTimeoutMs: "600000"]) { test in
            let (admin, socket) = try await administrator(of: test)
            defer { socket.remove() }
            let client = try await test.connect()
            try await client.send(try LineClient.getAttrs((0..<1000).map { "\($0)" }, timeoutMs: 600_000))
            try await test.waitForRequests(1)
            for status in [try await test.status(), try await admin.ask(line("getStatus")).result ?? [:]] {
                let queue = try #require(status["queue"] as? [String: Any])
                #expect(queue["waitingUsers"] as? Int == 1)
                #expect((queue["waitingAccountsByUid"] as? [String: Int])?["\(geteuid())"] ?? 0 > 800)
            }
        }
    }

    /// All connections that callers may have are in use.
    @Test func anAdministratorGetsInBesideTooManyCallers() async throws {
        let hang: (inout SandboxConfiguration) -> Void = { $0.faults = [Fault(.hang)] }
        let flags: [ConfigurationKey: String] = [.maxConnections: "4", .upstreamTimeoutMs: "600000"]
        try await DaemonUnderTest.run(sandbox: hang, flags: flags) { test in
            var clients: [LineClient] = []
            for id in 0..<4 {
                clients.append(try await test.connect())
                try await clients[id].send(try LineClient.getAttrs(["\(id)"], timeoutMs: 600_000))
            }
            await test.waitForCalls(1)
            let (admin, socket) = try await administrator(of: test)
            defer { socket.remove() }
            #expect(try await admin.ask(line("reload")).result != nil)
            let result = try #require(try await admin.ask(line("getCallers")).result)
            // One of them may have been idle, and have given way.
            #expect(result["connectionCount"] as? Int ?? 0 >= 4)
        }
    }

    /// A list that lets nobody in is repaired by who may administer.
    @Test func aListOfCallersDoesNotKeepAdministratorsOut() async throws {
        try await DaemonUnderTest.run(flags: [.allow: "uid:4000000000"], administrator: geteuid()) { test in
            let client = try await test.connect()
            test.set(.allow, nil)
            #expect(try await client.ask(line("reload")).result != nil)
            #expect(try await client.getAttrs(["abc"]).answered == ["abc"])
        }
    }
}

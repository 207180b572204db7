import AttributeDaemon
import DaemonConfiguration
import Testing
import UpstreamSandbox

/// The line of a request in the log.
@Suite(.timeLimit(.minutes(15))) struct AuditTests {
    /// The lines that a request for two accounts leaves, one of which the upstream refuses if `fault` says so.
    private func lines(_ flags: [ConfigurationKey: String], fault: Fault? = nil) async throws -> [String] {
        var lines: [String] = []
        try await DaemonUnderTest.run(sandbox: { $0.faults = fault.map { [$0] } ?? [] }, flags: flags) { test in
            _ = try await test.connect().getAttrs(["secret-name", "abc"])
            lines = test.log.lines.filter { $0.contains("method") }
        }
        return lines
    }

    @Test(arguments: [("off", "info"), ("off", "notice")])
    func requestsAreNotLoggedUnlessAskedFor(audit: String, level: String) async throws {
        #expect(try await lines([.audit: audit, .logLevel: level]).isEmpty)
    }

    @Test(arguments: [("off", "debug", "debug request"), ("requests", "critical", "info audit")])
    func oneLineSaysWhatCameOfIt(audit: String, level: String, beginning: String) async throws {
        let found = try await lines([.audit: audit, .logLevel: level])
        #expect(found.count == 1)
        let line = try #require(found.first)
        #expect(line.hasPrefix(beginning))
        for field in ["getAttrs", "\"uid\"", "\"gid\"", "\"accounts\": 2", "\"outcome\": ok", "durationMs"] {
            #expect(line.contains(field), "\(line)")
        }
        #expect(!line.contains("secret-name"))
    }

    @Test func namesAreThereWhenAskedFor() async throws {
        let found = try await lines([.audit: "accounts"])
        #expect(found.first?.contains(#"["secret-name","abc"]"#) == true)
    }

    @Test func anErrorIsSaidWithTheCallsName() async throws {
        let found = try await lines([.audit: "requests"], fault: Fault(.error(70009)))
        #expect(found.first?.contains("\"outcome\": 70009") == true)
        #expect(found.first?.contains("callId") == true)
    }
}

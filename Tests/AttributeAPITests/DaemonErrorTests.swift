import JSONRPC
import Testing

@testable import AttributeAPI

@Suite struct DaemonErrorTests {
    /// The codes that callers rely on, and which of them are worth repeating.
    @Test func codesAndRetryability() {
        let table: [KnownError: (Int, Bool)] = [
            .overloaded: (-32000, true), .deadlineExceeded: (-32001, true), .upstreamUnreachable: (-32002, true),
            .accessDenied: (-32003, false), .shuttingDown: (-32004, true), .misconfigured: (-32005, false),
            .cancelled: (-32800, false),
        ]
        #expect(table.count == KnownError.daemon.count)
        for (code, (number, isRetryable)) in table {
            let error = ErrorObject(code, "text")
            #expect(error.code == number)
            #expect(error.retryable == isRetryable)
            #expect(error.source == .daemon)
            #expect(error.message == "text")
        }
    }

    @Test func overloadNamesItsLimit() {
        let error = ErrorObject.overloaded(.init("maxQueuedAccounts", 300_000), retryAfterMs: 250)
        #expect(error.code == -32000)
        #expect(error.limit == .init("maxQueuedAccounts", 300_000))
        #expect(error.retryAfterMs == 250)
        #expect(error.message.contains("maxQueuedAccounts is 300000"))
    }

    @Test func methodsHaveTheirNames() {
        let names = ["getAttrs", "getStatus", "getMetrics", "ping", "rpc.discover", "$/cancelRequest"]
        #expect(MethodName.forCallers.map(\.rawValue) == names)
        #expect(MethodName.allCases.map(\.rawValue) == names + ["reload", "setLogLevel", "getCallers"])
        #expect(MethodName.allCases.map(\.index) == Array(MethodName.allCases.indices))
        #expect(Ping.result == Array(#""pong""#.utf8))
        #expect(GetStatus.State.allCases.map(\.rawValue) == ["ready", "degraded", "misconfigured", "stopping"])
    }
}

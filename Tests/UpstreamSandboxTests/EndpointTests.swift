import NIOCore
import Testing

@testable import UpstreamSandbox

/// The endpoint without its network, at times that the test chooses.
@Suite struct EndpointTests {
    private func endpoint(_ change: (inout SandboxConfiguration) -> Void) -> Endpoint {
        var configuration = SandboxConfiguration()
        change(&configuration)
        return Endpoint(configuration)
    }

    private func code(_ endpoint: inout Endpoint, _ call: TestCall = TestCall(), at milliseconds: UInt64) throws -> Int
    {
        let request = SandboxRequest(
            method: call.method, uri: "\(call.path)?\(call.query)", headers: [], body: Array(call.body.utf8))
        let reaction = endpoint.arrive(request, now: .uptimeNanoseconds(milliseconds * 1_000_000))
        guard case .answer(let answer) = reaction else { throw NoAnswer() }
        return try DecodedAnswer(body: answer.body).ErrorCode
    }

    private struct NoAnswer: Error {}

    @Test func theLimitSlidesAndCountsRefusedCalls() throws {
        var endpoint = endpoint { $0.rateLimit = 2 }
        let times: [UInt64] = [0, 500, 900, 1000, 1500, 1900, 2000, 2500, 3500]
        let codes = try times.map { try code(&endpoint, at: $0) }
        // The refused call at 900 is what has the one at 1000 refused, and so on: who does not slow down stays out.
        #expect(codes == [0, 0, 60007, 60007, 60007, 60007, 60007, 60007, 0])
        #expect(endpoint.report.worstSecond == 3)
        #expect(endpoint.report.refusals == [60007: 6])
        #expect(endpoint.report.calls == 9)
    }

    @Test func callsExactlyASecondApartAreWithinALimitOfOne() throws {
        var endpoint = endpoint { $0.rateLimit = 1 }
        #expect(try [0, 1000, 2000, 2999].map { try code(&endpoint, at: $0) } == [0, 0, 0, 60007])
    }

    @Test func faultsDoNotHideCallsFromTheCounter() throws {
        var endpoint = endpoint {
            $0.rateLimit = 1
            $0.faults = [Fault(.error(91000), when: .first(1))]
        }
        #expect(try [0, 1].map { try code(&endpoint, at: $0) } == [91000, 60007])
        #expect(endpoint.report.refusals == [91000: 1, 60007: 1])
        #expect(endpoint.report.overLimit == 1)
        #expect(endpoint.report.faults == ["error": 1])
    }

    @Test func aWrongUserSigIsSaidBeforeTheFrequency() throws {
        var endpoint = endpoint { $0.rateLimit = 1 }
        let wrong = TestCall().with("usersig", TestCall.userSig(key: "another"))
        #expect(try code(&endpoint, at: 0) == 0)
        #expect(try code(&endpoint, wrong, at: 1) == 70009)
    }

    /// What a call over the limit is answered says nothing about whether it was one.
    @Test func aFaultDoesNotHideThatACallIsOverTheLimit() throws {
        var endpoint = endpoint {
            $0.rateLimit = 1
            $0.faults = [Fault(.error(91000))]
        }
        #expect(try [0, 1, 2].map { try code(&endpoint, at: $0) } == [91000, 91000, 91000])
        #expect(endpoint.report.overLimit == 2)
    }
}

import AttributeValues
import Testing

@testable import CallScheduling

/// Whether calls may leave while upstream fails.
@Suite struct UpstreamGateTests {
    private var gate = UpstreamGate()
    private let start = Moment(nanoseconds: 50_000_000_000)

    private func failure(_ code: Int, _ reaction: CallFailure.Kind) -> CallFailure {
        CallFailure(reaction, code: code, message: "m")
    }

    private mutating func failFiveTimes() { for _ in 0..<5 { gate.failed(failure(91000, .temporary), now: start) } }

    @Test mutating func fiveFailuresInARowCloseIt() {
        for _ in 0..<4 { gate.failed(failure(91000, .temporary), now: start) }
        gate.answered(callStartedAt: start, acceptsCredential: false)
        for _ in 0..<4 { gate.failed(failure(91000, .temporary), now: start) }
        #expect(gate.isOpen && gate.refusal(now: start) == nil)
        gate.failed(failure(91000, .temporary), now: start)
        let told = gate.refusal(now: start + .milliseconds(400))
        #expect(told?.code == CallFailure.unreachable)
        #expect(told?.retryAfter == .milliseconds(600) && told?.attempts == 0)
    }

    @Test mutating func oneCallASecondProbes() {
        failFiveTimes()
        #expect(!gate.admitsCall)
        var now = start + .seconds(1)
        for _ in 0..<3 {
            // Whoever comes before the probe has left may make it.
            #expect(gate.refusal(now: now) == nil && gate.refusal(now: now) == nil)
            #expect(gate.admitsCall)
            gate.callStarted(now: now)
            #expect(!gate.admitsCall)
            gate.failed(failure(91000, .temporary), now: now + .milliseconds(300))
            #expect(gate.refusal(now: now + .milliseconds(999))?.retryAfter == .milliseconds(1))
            now = now + .seconds(1)
        }
        _ = gate.refusal(now: now)
        gate.callStarted(now: now)
        gate.answered(callStartedAt: now, acceptsCredential: false)
        #expect(gate.isOpen && gate.refusal(now: now) == nil && gate.failuresInARow == 0)
    }

    @Test(arguments: [(CallFailure.Kind.credential, 30), (.signatureRefusedTooOften, 60)])
    mutating func aRefusedCredentialKeepsItClosed(reaction: CallFailure.Kind, seconds: Int) {
        gate.refused(failure(70003, reaction), now: start)
        #expect(gate.refusal(now: start)?.code == 70003)
        #expect(gate.refusal(now: start)?.retryAfter == .seconds(seconds))
        // Late answers to older calls, and failures of them, change nothing.
        gate.answered(callStartedAt: start - .seconds(1), acceptsCredential: true)
        for _ in 0..<9 { gate.failed(failure(91000, .temporary), now: start + .seconds(2)) }
        gate.refused(failure(70003, reaction), now: start + .seconds(3))
        #expect(gate.refusal(now: start + .seconds(seconds - 1))?.retryAfter == .seconds(1))
        let probe = start + .seconds(seconds)
        #expect(gate.refusal(now: probe) == nil)
        gate.callStarted(now: probe)
        gate.answered(callStartedAt: probe, acceptsCredential: false)
        #expect(!gate.isOpen)
        gate.answered(callStartedAt: probe, acceptsCredential: true)
        #expect(gate.isOpen)
    }

    @Test mutating func aLongerSilenceIsNotCutShortByAShorterOne() {
        gate.refused(failure(70050, .signatureRefusedTooOften), now: start)
        gate.refused(failure(70003, .credential), now: start + .seconds(1))
        #expect(gate.refusal(now: start + .seconds(59))?.code == 70050)
    }

    @Test mutating func anotherCredentialOpensIt() {
        gate.refused(failure(70003, .credential), now: start)
        gate.reopen()
        #expect(gate.admitsCall && gate.failure == nil)
    }
}

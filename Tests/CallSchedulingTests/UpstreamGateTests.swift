import AttributeValues
import Testing

@testable import CallScheduling

/// Whether calls may leave while upstream fails.
@Suite struct UpstreamGateTests {
    private var gate = UpstreamGate()
    private let start = Moment(nanoseconds: 50_000_000_000)

    private func failure(_ kind: CallFailure.Kind, _ code: Int = CallFailure.unreachable) -> CallFailure {
        CallFailure(kind, code: code, message: "m")
    }

    private mutating func failCall(
        _ account: Account, _ kind: CallFailure.Kind = .status, _ code: Int = CallFailure.unreachable,
        leftAt: Moment? = nil
    ) {
        gate.failedAmbiguously(failure(kind, code), of: [account], leftAt: leftAt ?? start, now: leftAt ?? start)
    }

    private mutating func failReferee(_ kind: CallFailure.Kind = .status, _ code: Int = CallFailure.unreachable) {
        #expect(gate.wantsReferee(at: start, patience: .seconds(1)))
        gate.refereeLeft(now: start)
        gate.refereeFailed(failure(kind, code), now: start)
    }

    private mutating func close() {
        for number in 0..<2 { failCall(Account("\(number)")) }
        for _ in 0..<3 { failReferee() }
        #expect(!gate.isOpen)
    }

    @Test mutating func aFailureRaisesADoubtUnlessAnotherCallWasAnsweredMeanwhile() {
        gate.succeeded(leftAt: start, acceptsCredential: true, now: start + .milliseconds(1))
        failCall("a")
        #expect(gate.isUndoubted && gate.admission == .all)
        gate.failedAmbiguously(failure(.status), of: ["b"], leftAt: start + .seconds(1), now: start + .seconds(2))
        #expect(!gate.isUndoubted && gate.admission == .test)
    }

    /// One account, asked for again and again by many calls, is one strike.
    @Test mutating func callsWithAnAccountInCommonAreOneStrike() {
        for number in 0..<50 {
            gate.failedAmbiguously(failure(.status), of: ["bad", Account("\(number)")], leftAt: start, now: start)
        }
        #expect(gate.isOpen && gate.failuresInARow == 1 && gate.violations.isEmpty)
    }

    @Test mutating func noCallsAlonecloseIt() {
        for number in 0..<50 { failCall(Account("\(number)")) }
        #expect(gate.isOpen && !gate.isUndoubted)
        gate.refereeLeft(now: start)
        gate.succeeded(leftAt: start, acceptsCredential: true, now: start)
        #expect(gate.admission == .all && gate.failuresInARow == 0)
    }

    @Test mutating func threeOfFiveStrikesAreTheReferees() {
        for number in 0..<4 { failCall(Account("\(number)")) }
        for _ in 0..<2 {
            failReferee()
            #expect(gate.isOpen)
        }
        failReferee()
        #expect(!gate.isOpen && gate.failure?.code == CallFailure.unreachable)
    }

    @Test mutating func twoTimeOutsOfTheRefereeAreEnough() {
        for number in 0..<3 { failCall(Account("\(number)"), .timedOut) }
        failReferee(.timedOut)
        #expect(gate.isOpen)
        failReferee(.timedOut)
        #expect(!gate.isOpen)
    }

    @Test mutating func aCodeThatAllStrikesHaveIsTheAnswer() {
        for number in 0..<2 { failCall(Account("\(number)"), .unknownCode, 80003) }
        for _ in 0..<3 { failReferee(.unknownCode, 80003) }
        #expect(gate.failure?.code == 80003)
    }

    @Test mutating func afterTheRefereeHasFailedOneCallMayLeaveBesideTheNext() {
        failCall("a")
        failReferee()
        #expect(gate.admission == .any)
        gate.callLeft(now: start)
        #expect(gate.admission == .none)
        gate.callEnded(leftAt: start)
        #expect(gate.admission == .any)
    }

    @Test mutating func aSecondRefereeLeavesWhenTheFirstIsSilent() {
        gate.callsAreSilent(now: start)
        gate.refereeLeft(now: start)
        #expect(!gate.wantsReferee(at: start, patience: .milliseconds(200)))
        #expect(gate.refereeDue(patience: .milliseconds(200)) == start + .milliseconds(50))
        gate.refereeLeft(now: start + .milliseconds(50))
        #expect(gate.refereeDue(patience: .milliseconds(200)) == nil)
    }

    @Test mutating func whileItFlapsMoreFailuresAreNeeded() {
        failCall("a")
        failReferee()
        gate.succeeded(leftAt: start, acceptsCredential: true, now: start)
        #expect(gate.isFlapping(at: start) && !gate.isFlapping(at: start + .seconds(10)))
        for number in 0..<3 { failCall(Account("\(number)"), leftAt: start + .milliseconds(1)) }
        for _ in 0..<5 { failReferee() }
        #expect(gate.isOpen)
        failReferee()
        #expect(!gate.isOpen)
    }

    @Test mutating func probesComeAfterGrowingIntervalsByARequestAndTheRefereeInTurns() {
        close()
        var now = start
        for (number, wait) in [100, 200, 400, 800, 1000, 1000].enumerated() {
            let due = now + .milliseconds(wait)
            let early = gate.refusal(now: due - .milliseconds(1), earliest: now)
            #expect(early?.retryAfter == .milliseconds(1) && early?.attempts == 0)
            let held = [gate.refusal(now: due, earliest: due), gate.refusal(now: due, earliest: due)]
            #expect(held == [nil, nil] && !gate.refusesAll)
            now = due
            if number.isMultiple(of: 2) {
                #expect(gate.admission == .probe)
                gate.callLeft(now: now)
                // Its failure has no effect.
                gate.failedAmbiguously(failure(.status), of: ["x"], leftAt: now, now: now)
            } else {
                #expect(gate.admission == .none && gate.wantsReferee(at: now, patience: .seconds(1)))
                gate.refereeLeft(now: now)
                gate.refereeFailed(failure(.status), now: now)
            }
            #expect(gate.refusal(now: now, earliest: now) != nil)
            gate.probeEnded(now: now)
            #expect(gate.refusesAll)
        }
        _ = gate.refusal(now: now + .seconds(1), earliest: now)
        gate.callLeft(now: now + .seconds(1))
        gate.succeeded(leftAt: now + .seconds(1), acceptsCredential: true, now: now + .seconds(1))
        #expect(gate.isOpen && gate.admission == .all)
    }

    @Test mutating func theTimeToComeBackIsNeverBeforeACallCouldLeave() {
        close()
        #expect(gate.refusal(now: start, earliest: start + .seconds(3))?.retryAfter == .seconds(3))
        #expect(gate.failure(now: start + .seconds(9), earliest: start)?.retryAfter == .milliseconds(1))
    }

    @Test mutating func fiveCallsThatCouldNotBeSentCloseIt() {
        for _ in 0..<4 { gate.neverSent(failure(.neverSent), now: start) }
        gate.succeeded(leftAt: start, acceptsCredential: true, now: start)
        for _ in 0..<4 { gate.neverSent(failure(.neverSent), now: start) }
        #expect(gate.isOpen)
        gate.neverSent(failure(.neverSent), now: start)
        #expect(!gate.isOpen)
    }

    @Test(arguments: [(CallFailure.Kind.credential, 30), (.signatureRefusedTooOften, 60)])
    mutating func aRefusedCredentialKeepsItClosed(kind: CallFailure.Kind, seconds: Int) {
        gate.refused(failure(kind, 70003), now: start)
        #expect(gate.refusal(now: start, earliest: start)?.code == 70003)
        #expect(gate.refusal(now: start, earliest: start)?.retryAfter == .seconds(seconds))
        // Late answers to older calls, and failures of them, have no effect.
        gate.succeeded(leftAt: start - .seconds(1), acceptsCredential: true, now: start)
        for number in 0..<9 { failCall(Account("\(number)")) }
        gate.refused(failure(kind, 70003), now: start + .seconds(3))
        #expect(gate.refusal(now: start + .seconds(seconds - 1), earliest: start)?.retryAfter == .seconds(1))
        let probe = start + .seconds(seconds)
        #expect(gate.refusal(now: probe, earliest: probe) == nil && gate.admission == .probe)
        gate.callLeft(now: probe)
        gate.succeeded(leftAt: probe, acceptsCredential: false, now: probe)
        #expect(!gate.isOpen)
        gate.succeeded(leftAt: probe, acceptsCredential: true, now: probe)
        #expect(gate.isOpen)
    }

    @Test mutating func aLongerSilenceIsNotCutShortByAShorterOne() {
        gate.refused(failure(.signatureRefusedTooOften, 70050), now: start)
        gate.refused(failure(.credential, 70003), now: start + .seconds(1))
        #expect(gate.refusal(now: start + .seconds(59), earliest: start)?.code == 70050)
    }

    @Test mutating func anotherCredentialOpensIt() {
        gate.refused(failure(.credential, 70003), now: start)
        gate.reopen()
        #expect(gate.admission == .all && gate.failure == nil)
    }
}

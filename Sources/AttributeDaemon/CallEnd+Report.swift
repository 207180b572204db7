import AttributeAPI
import AttributeValues
import CallScheduling
import UpstreamClient

extension CallEnd {
    /// What the upstream client reports, in the scheduler's terms.
    init(_ report: CallReport, callName: @autoclosure () -> String) {
        let counted: Counted =
            switch report.counted {
            case .answered(let moment): .answered(at: Moment(moment))
            case .unknown(let moment): .unknown(closedAt: Moment(moment))
            case .neverSent: .neverSent
            }
        switch report.result {
        case .success(let answer): self.init(counted: counted, result: .success(answer.results))
        case .failure(let failure):
            self.init(counted: counted, result: .failure(CallFailure(failure, callName: callName())))
        }
    }

    /// The failure, if it is one.
    var failure: CallFailure? {
        guard case .failure(let failure) = result else { return nil }
        return failure
    }
}

extension CallFailure {
    fileprivate init(_ failure: UpstreamFailure, callName: String) {
        self.init(
            code: failure.code ?? DaemonErrorCode.upstreamUnreachable.rawValue, message: failure.message,
            errorInfo: failure.errorInfo, reaction: Reaction(failure.kind), isFromUpstream: failure.code != nil,
            clockSkewSeconds: failure.clockSkewSeconds, callName: callName)
    }
}

extension CallFailure.Reaction {
    fileprivate init(_ kind: UpstreamFailure.Kind) {
        self =
            switch kind {
            case .temporary: .retry
            case .tooFrequent: .slowDown
            case .signatureExpired: .renewSignature
            case .signatureRefusedTooOften: .pause
            case .credential: .misconfigured
            case .account: .accountAtFault
            case .tooManyAccounts: .tooManyAccounts
            case .unclassified: .unknown
            case .unusableAnswer: .unusableAnswer
            }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    var isRetryable: Bool {
        switch self {
        case .retry, .slowDown: true
        case .renewSignature, .pause, .misconfigured, .accountAtFault, .tooManyAccounts, .unknown, .unusableAnswer:
            false
        }
    }
}

import NIOCore

/// How a call went.
public struct CallReport: Sendable {
    /// What is known of the server's having counted the call.
    public enum Counted: Hashable, Sendable {
        /// Answered from behind the server's counter: status 200 and a JSON object with `ErrorCode`.
        case answered(headAt: NIODeadline)
        /// No such answer: the server may have counted it, but not after this moment.
        case unknown(closedAt: NIODeadline)
        /// No connection was made for it.
        case neverSent
    }

    /// What is known of the server's having counted it.
    public let counted: Counted
    /// What upstream said, or why that is not known.
    public let result: Result<GetAttrAnswer, UpstreamFailure>
    let date: AnswerDate?

    /// Our clock less the server's `Date`, in seconds; nil if it sent none.
    public var clockSkewSeconds: Int64? { date?.skewSeconds }
}

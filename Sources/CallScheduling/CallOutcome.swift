import AttributeValues

/// Why a call failed, and what that means for those who wait for it.
public struct CallFailure: Error, Hashable, Sendable {
    /// What the failure calls for.
    public enum Reaction: Hashable, Sendable {
        /// The same call may succeed later.
        case retry
        /// The server counts more calls than it allows.
        case slowDown
        /// The UserSig has expired: make another.
        case renewSignature
        /// Our credential was refused often: leave the server alone for a minute.
        case pause
        /// Our credential or configuration is wrong, for everybody.
        case misconfigured
        /// An account in the call is at fault.
        case accountAtFault
        /// Too many accounts in the call.
        case tooManyAccounts
        /// Nothing is known but that the call failed.
        case unknown
        /// The answer is not one that upstream documents; asking again is of no use.
        case unusableAnswer
    }

    /// Upstream's `ErrorCode`, or a code of the daemon.
    public var code: Int
    /// One sentence for a person; never a secret.
    public var message: String
    /// Upstream's text, redacted and cut.
    public var errorInfo: String?
    /// What the failure calls for.
    public var reaction: Reaction
    /// Whether upstream said so itself; if not, the call did not get through.
    public var isFromUpstream: Bool
    /// Our clock less the server's, in seconds, where the failure may come from that.
    public var clockSkewSeconds: Int64?
    /// The call, as the log names it.
    public var callName: String
    /// Calls that were made for the request's account, this one included; 0 if none was.
    public var attempts = 1
    /// Before that nothing reaches upstream; nil if that is not known.
    public var retryAfter: Duration?

    /// The daemon's code for an upstream that does not answer as it should.
    public static let unreachable = -32002

    /// Describes a failure.
    public init(
        code: Int, message: String, errorInfo: String? = nil, reaction: Reaction, isFromUpstream: Bool,
        clockSkewSeconds: Int64? = nil, callName: String
    ) {
        self.code = code
        self.message = message
        self.errorInfo = errorInfo
        self.reaction = reaction
        self.isFromUpstream = isFromUpstream
        self.clockSkewSeconds = clockSkewSeconds
        self.callName = callName
    }
}

/// How a call ended.
public struct CallEnd: Sendable {
    /// What is known of the server's having counted the call.
    public enum Counted: Hashable, Sendable {
        /// It was answered from behind the counter; the answer's head came at this moment.
        case answered(at: Moment)
        /// It may have been counted: no answer came until the connection was closed.
        case unknown(closedAt: Moment)
        /// No byte of it left.
        case neverSent
    }

    /// What is known of the server's having counted it.
    public var counted: Counted
    /// The answers in the order of the call's accounts, where what is not there is missing; or the failure.
    public var result: Result<AccountResults, CallFailure>

    /// Describes an end.
    public init(counted: Counted, result: Result<AccountResults, CallFailure>) {
        self.counted = counted
        self.result = result
    }
}

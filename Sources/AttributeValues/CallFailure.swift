/// Why a call failed, or why an account's own entry in an answer cannot be used.
public struct CallFailure: Error, Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// Upstream refused an account of the call, with a code that says so.
        case account
        /// The account's own entry in an answer cannot be used.
        case unusableEntry

        /// Upstream answered with a code that asks to try again (91000 and its kin).
        case temporary
        /// Upstream answered with a code that is not in the vendor's public table, or that says nothing about what to do.
        case unknownCode
        /// An HTTP status other than 200 that is not a redirect.
        case status
        /// An HTTP redirect, which is never followed.
        case redirect
        /// An answer that is not the documented shape, or larger than allowed.
        case unusableAnswer
        /// The connection was lost after a byte of the call may have been sent.
        case lost
        /// No answer arrived within the time-out.
        case timedOut

        /// The server counts more calls than it allows.
        case tooFrequent
        /// The UserSig has expired.
        case signatureExpired
        /// The UserSig was wrong too often: upstream wants a minute of silence.
        case signatureRefusedTooOften
        /// Our credential or configuration is wrong, for everybody.
        case credential
        /// Too many accounts in the call.
        case tooManyAccounts

        /// No connection could be made: refused, no such name, no handshake.
        case neverSent
        /// The server's certificate is not accepted.
        case certificate

        /// An idle connection was lost before a byte of the answer arrived: it had been dead already. Or what it brought is the answer to an
        /// earlier call on it.
        case stale
    }

    /// What can have caused a failure.
    public enum Cause: Hashable, Sendable {
        /// An account of the call, for certain.
        case account
        /// An account of the call or the upstream; only other calls show which.
        case ambiguous
        /// Our credential, configuration or frequency; never an account.
        case daemon
        /// The network before the call was sent; never an account.
        case neverSent
        /// What happened on the connection before the call; it says nothing about the upstream.
        case stale
    }

    /// Upstream's `ErrorCode`, or ``unreachable``.
    public var code: Int
    /// One sentence for a person; never a secret.
    public var message: String
    /// Upstream's own text, redacted and cut at 512 bytes.
    public var errorInfo: String?
    /// What happened.
    public var kind: Kind
    /// Our clock less the server's `Date`, in seconds, where the failure can result from that.
    public var clockSkewSeconds: Int64?
    /// The call that failed; nil if none was made.
    public var call: CallKey?
    /// The number in that call's query, by which the vendor's support finds it; nil if none was made.
    public var random: UInt32?
    /// Calls that were made for the request's account, this one included; 0 if none was.
    public var attempts = 1
    /// Before that nothing reaches upstream; nil if that is not known.
    public var retryAfter: Duration?

    /// The daemon's code for an upstream that does not answer as documented.
    public static let unreachable = -32002

    /// Describes a failure.
    public init(
        _ kind: Kind, code: Int = CallFailure.unreachable, message: String, errorInfo: String? = nil,
        clockSkewSeconds: Int64? = nil, call: CallKey? = nil
    ) {
        self.kind = kind
        self.code = code
        self.message = message
        self.errorInfo = errorInfo
        self.clockSkewSeconds = clockSkewSeconds
        self.call = call
    }

    /// Whether upstream said so itself.
    public var isFromUpstream: Bool { code != Self.unreachable }

    /// What can have caused it.
    public var cause: Cause { kind.cause }
}

extension CallFailure.Kind {
    /// What can have caused a failure of this kind.
    public var cause: CallFailure.Cause {
        switch self {
        case .account, .unusableEntry: .account
        case .temporary, .unknownCode, .status, .redirect, .unusableAnswer, .lost, .timedOut: .ambiguous
        case .tooFrequent, .signatureExpired, .signatureRefusedTooOften, .credential, .tooManyAccounts: .daemon
        case .neverSent, .certificate: .neverSent
        case .stale: .stale
        }
    }
}

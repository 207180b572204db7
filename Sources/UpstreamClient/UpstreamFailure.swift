/// Why a call failed.
public struct UpstreamFailure: Error, Hashable, Sendable {
    /// What kind of failure it was, which decides what may be done about it.
    public enum Kind: Hashable, Sendable {
        /// No answer came, or one that says to try again.
        case temporary
        /// The server counts more calls than it allows.
        case tooFrequent
        /// The UserSig has expired.
        case signatureExpired
        /// The UserSig was wrong too often: leave the server alone for a minute.
        case signatureRefusedTooOften
        /// Our credential or configuration is wrong.
        case credential
        /// An account in the call is at fault.
        case account
        /// Too many accounts in the call.
        case tooManyAccounts
        /// A code that says nothing of what to do.
        case unclassified
        /// An answer that is not what the vendor documents, or a server that is not who it must be.
        case unusableAnswer
    }

    /// What kind of failure it was.
    public let kind: Kind
    /// Upstream's `ErrorCode`; nil if upstream said none.
    public let code: Int?
    /// One sentence for a person, without anything secret.
    public let message: String
    /// Upstream's own words, redacted and cut at 512 bytes.
    public let errorInfo: String?
    /// Our clock less the server's `Date`, in seconds, where the failure can come from that.
    public let clockSkewSeconds: Int64?

    /// Describes a failure.
    public init(
        _ kind: Kind, code: Int? = nil, message: String, errorInfo: String? = nil, clockSkewSeconds: Int64? = nil
    ) {
        self.kind = kind
        self.code = code
        self.message = message
        self.errorInfo = errorInfo
        self.clockSkewSeconds = clockSkewSeconds
    }
}

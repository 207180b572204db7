/// Something that goes wrong on purpose, and with which calls.
///
/// A fault replaces or spoils the answer of a call to the endpoint's path, whether the call would have been refused or
/// not; the call is counted all the same.
public struct Fault: Sendable, Equatable {
    /// What goes wrong.
    public enum Kind: Sendable, Equatable {
        /// An HTTP status with an HTML page, as a gateway sends it. The page has the whole URL of the request in it.
        case status(Int)
        /// A redirect, with the request's query, to another path of the sandbox or to `location` if there is one.
        /// Calls that arrive at the other path are counted in ``SandboxReport/otherRequests``.
        case redirect(Int, location: String?)
        /// The connection is reset (TCP RST) without an answer.
        case reset
        /// No answer ever comes, and the connection stays open.
        case hang
        /// An answer that is neither JSON nor UTF-8.
        case garbage
        /// The first half of the answer's JSON, as a complete HTTP answer.
        case truncated
        /// A body of one's own, with status 200.
        case body(String)
        /// `FAIL` with an error code.
        case error(Int)
        /// `FAIL` with an error code, and the whole URL of the request in `ErrorInfo`.
        case echoURL(Int)
        /// The answer comes byte by byte, with a pause before each.
        case drip(pause: Duration)
        /// A `FAIL` of this many bytes or a few more; it is good JSON.
        case oversized(bytes: Int)
        /// The connection is closed after the answer, which says so in a header or not.
        case close(announced: Bool)
    }

    /// Which of the calls it may happen to it does happen to.
    public enum When: Sendable, Equatable {
        /// All of them.
        case always
        /// The first so many.
        case first(Int)
        /// The last of each so many: with 10, the 10th, the 20th…
        case every(Int)
        /// Each with this probability, 0…1.
        case chance(Double)
    }

    /// What goes wrong.
    public var kind: Kind
    /// Which of the calls it happens to.
    public var when: When
    /// If there is one, it happens only to calls that name this account, and ``when`` counts only those.
    public var account: String?

    /// A fault of the `kind`, for the calls `when` and `account` say.
    public init(_ kind: Kind, when: When = .always, account: String? = nil) {
        self.kind = kind
        self.when = when
        self.account = account
    }
}

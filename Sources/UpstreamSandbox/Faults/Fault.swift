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
        /// The connection is reset when the head and half of the body have been sent.
        case resetInBody
        /// The connection is closed when the head and half of the body have been sent.
        case cut
        /// No answer ever comes, and the connection stays open.
        case hang
        /// The answer comes later by this time.
        case slow(Duration)
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
        /// These bytes come after the answer's end, in the same write.
        case trailing(String)
        /// The whole answer is sent once more, this long after its end; with 0 in the same write.
        case repeated(after: Duration)
        /// The call gets the answer of the call before it on its connection (the first one gets an answer about an
        /// account that was not asked for), and so do all later calls on that connection.
        case stray
        /// The entries of the accounts at fault, or of all accounts if the fault names none, have an odd shape. The
        /// rest of the answer is as it would be.
        case entry(EntryShape)
        /// The answer has one more entry, of an account that was not asked for.
        case stranger(String)
        /// The answer has a single entry, of an account that was not asked for.
        case onlyStranger(String)
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

    /// Accounts at fault, compared byte by byte.
    public enum Accounts: Sendable, Equatable {
        /// Those with one of these names.
        case named(Set<String>)
        /// Those whose names begin so.
        case prefixed(String)
    }

    /// How many distinct accounts a call has that it may happen to.
    public enum Company: Sendable, Equatable {
        /// Any number.
        case any
        /// Two or more.
        case others
        /// One.
        case alone
    }

    /// What goes wrong.
    public var kind: Kind
    /// Which of the calls it happens to.
    public var when: When
    /// If there are any, it happens only to calls that name at least one of them, and ``when`` counts only those.
    public var accounts: Accounts?
    /// It happens only to calls of so many accounts, and ``when`` counts only those.
    public var company: Company

    /// A fault of the `kind`, for the calls that `when`, `accounts` and `company` say.
    public init(_ kind: Kind, when: When = .always, accounts: Accounts?, company: Company = .any) {
        self.kind = kind
        self.when = when
        self.accounts = accounts
        self.company = company
    }

    /// A fault of the `kind`, for the calls that `when` and `company` say; with an `account`, only for calls that
    /// name it.
    public init(_ kind: Kind, when: When = .always, account: String? = nil, company: Company = .any) {
        self.init(kind, when: when, accounts: account.map { .named([$0]) }, company: company)
    }
}

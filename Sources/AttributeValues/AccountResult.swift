/// What upstream said of one account in a call that it answered with OK.
public struct AccountResult: Hashable, Sendable {
    /// The attributes; nil if upstream did not answer for this account.
    public var attrs: Attrs?
    /// Upstream's entry for it in `ErrorList`, as the JSON text of an object on one line.
    public var errorListEntry: [UInt8]?

    /// Describes an answer.
    public init(attrs: Attrs? = nil, errorListEntry: [UInt8]? = nil) {
        self.attrs = attrs
        self.errorListEntry = errorListEntry
    }

    /// Upstream said nothing of the account.
    public static let missing = AccountResult()
}

/// What is answered for an account that is not among the known users. The vendor does not document it, so a client
/// has to live with each.
public enum UnknownAccounts: String, Sendable, CaseIterable {
    /// An entry without attributes.
    case empty
    /// No entry.
    case missing
    /// No entry in `UserAttrs`, but one in `ErrorList`, with code 70107.
    case errorList = "error-list"
    /// An entry with attributes that depend on the account's name only.
    case madeUp = "made-up"
    /// An entry whose only attribute, `account`, is the account's name: a caller that gets another account's data can detect it.
    case echo
}

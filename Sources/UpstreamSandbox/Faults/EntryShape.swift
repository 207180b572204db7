/// What is odd about one account's entry in an answer.
public enum EntryShape: String, Sendable, CaseIterable {
    /// `"Attrs": null`.
    case attrsNull = "attrs-null"
    /// `"Attrs": []`.
    case attrsList = "attrs-list"
    /// `"Attrs": "none"`.
    case attrsString = "attrs-string"
    /// No `Attrs`.
    case attrsMissing = "attrs-missing"
    /// `Attrs` twice in the entry.
    case attrsTwice = "attrs-twice"
    /// A value in `Attrs` is cut inside a UTF-8 character.
    case valueCut = "value-cut"
    /// A value in `Attrs` is a lone surrogate.
    case valueSurrogate = "value-surrogate"
    /// A value in `Attrs` holds a raw control character.
    case valueControl = "value-control"
    /// A value in `Attrs` holds an escape that JSON does not know.
    case valueEscape = "value-escape"
    /// A value in `Attrs` is `NaN`, which makes the whole answer no JSON.
    case valueNaN = "value-nan"
    /// A value in `Attrs` is `007`, which makes the whole answer no JSON.
    case valueLeadingZeros = "value-zeros"
    /// No `To_Account`.
    case accountMissing = "account-missing"
    /// `To_Account` is a number.
    case accountNumber = "account-number"
    /// `"To_Account": null`.
    case accountNull = "account-null"
    /// `To_Account` twice in the entry.
    case accountTwice = "account-twice"
    /// `To_Account` is cut inside a UTF-8 character.
    case accountCut = "account-cut"
    /// `To_Account` ends with a lone surrogate.
    case accountSurrogate = "account-surrogate"
    /// `To_Account` ends with a raw control character.
    case accountControl = "account-control"
    /// `To_Account` ends with an escape that JSON does not know.
    case accountEscape = "account-escape"
    /// The entry names another account, which was not asked for.
    case accountRenamed = "account-renamed"
    /// The whole entry twice.
    case twice
    /// `null` in the entry's place.
    case null
    /// A number in the entry's place.
    case number
    /// A string, the account's name, in the entry's place.
    case string
    /// A list in the entry's place.
    case list
    /// No entry.
    case leftOut = "left-out"
}

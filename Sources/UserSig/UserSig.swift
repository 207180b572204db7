/// A signed statement that an identifier of an app may call for a time: the `usersig` parameter of each call.
///
/// It is a credential, so no form of printing shows it; only ``text`` does.
public struct UserSig: Sendable, Equatable {
    /// The encoded statement: ASCII letters, digits, `*`, `-` and `_`, so it needs no escaping in a URL's query.
    public let text: String
    /// The last moment at which it is valid, in seconds since 1970.
    public let expiresAt: Int64

    /// A UserSig that somebody else has made.
    public init(text: String, expiresAt: Int64) {
        self.text = text
        self.expiresAt = expiresAt
    }
}

extension UserSig: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<redacted>`.
    public var description: String { redacted }
    /// Always `<redacted>`.
    public var debugDescription: String { redacted }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

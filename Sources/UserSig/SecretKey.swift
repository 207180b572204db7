import Crypto

/// The secret key of an app, as the vendor's console shows it.
///
/// It is used as text: the HMAC is keyed with the bytes of the characters, which are never decoded from hexadecimal.
/// The bytes live in memory that is wiped when the last copy is gone, and no form of printing shows them.
public struct SecretKey: Sendable, Equatable {
    let symmetricKey: SymmetricKey

    /// A key from the bytes of its text, for example the content of a file. Nothing is trimmed.
    public init(bytes: some Sequence<UInt8>) {
        symmetricKey = SymmetricKey(data: Array(bytes))
    }

    /// A key from its text. Nothing is trimmed.
    public init(_ text: String) {
        self.init(bytes: text.utf8)
    }
}

extension SecretKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<redacted>`.
    public var description: String { redacted }
    /// Always `<redacted>`.
    public var debugDescription: String { redacted }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

/// What a secret prints instead of itself.
let redacted = "<redacted>"

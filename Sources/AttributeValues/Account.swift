/// A user id of Tencent Chat (`To_Account`), equal to another exactly when their UTF-8 bytes are equal.
///
/// Swift's `String` calls `é` and `e` + U+0301 equal, which would hand one user's attributes to another. Accounts are
/// therefore compared and hashed as bytes, and only as bytes.
public struct Account: Hashable, Sendable {
    /// Bytes of UTF-8 that an account may have. The vendor documents 1…32; its samples do not keep to it.
    public static let allowedLength = 1...255

    /// The text. Comparing it directly brings Unicode equivalence back: compare accounts instead.
    public let text: String

    /// Wraps a text, which is kept byte for byte; its length is the caller's to check.
    public init(_ text: String) { self.text = text }

    /// The bytes that tell accounts apart.
    public var utf8: String.UTF8View { text.utf8 }

    /// Whether both have the same UTF-8 bytes.
    public static func == (left: Account, right: Account) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
    }

    /// Feeds the UTF-8 bytes.
    public func hash(into hasher: inout Hasher) {
        let fed: Void? = utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if fed == nil { for byte in utf8 { hasher.combine(byte) } }
    }
}

extension Account: ExpressibleByStringLiteral {
    /// Wraps a literal.
    public init(stringLiteral value: String) { self.init(value) }
}

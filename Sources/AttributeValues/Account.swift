import Glibc

/// A user id of Tencent Chat (`To_Account`), equal to another exactly when their UTF-8 bytes are equal.
///
/// Swift's `String` calls `é` and `e` + U+0301 equal, which would hand one user's attributes to another. Accounts are
/// therefore compared and hashed as bytes, and only as bytes.
public struct Account: Hashable, Sendable {
    /// Bytes of UTF-8 that an account may have. The vendor documents 1…32; its samples do not keep to it.
    public static let allowedLength = 1...255

    /// The text. Comparing it directly brings Unicode equivalence back: compare accounts instead.
    public let text: String
    /// The bytes' ``bytesHash(_:)``, computed once for all places where the account is looked for.
    public let bytesHash: UInt32

    /// Wraps a text, which is kept byte for byte; its length is the caller's to check.
    public init(_ text: String) {
        self.text = text
        bytesHash = text.withUTF8Span { Self.bytesHash($0) }
    }

    /// The bytes that distinguish accounts.
    @inlinable public var utf8: String.UTF8View { text.utf8 }

    /// Whether both have the same UTF-8 bytes.
    @inlinable public static func == (left: Account, right: Account) -> Bool {
        left.bytesHash == right.bytesHash && right.withUTF8 { left.hasUTF8($0) }
    }

    /// Gives the bytes that distinguish accounts, without a copy.
    @inlinable @inline(__always)
    public func withUTF8<Result>(_ body: (borrowing Span<UInt8>) -> Result) -> Result { text.withUTF8Span(body) }

    /// Whether these are its UTF-8 bytes.
    ///
    /// By memcmp(3), for as many bytes as both have: for a name of 14 bytes 46 instructions, and 118 if they are compared one by one.
    public func hasUTF8(_ bytes: borrowing Span<UInt8>) -> Bool {
        withUTF8 { own in
            guard own.count == bytes.count else { return false }
            return unsafe own.withUnsafeBytes { left in
                unsafe bytes.withUnsafeBytes { right in
                    guard let first = left.baseAddress, let second = right.baseAddress else {
                        return unsafe left.isEmpty
                    }
                    return unsafe memcmp(first, second, left.count) == 0
                }
            }
        }
    }

    /// Feeds the bytes' hash.
    public func hash(into hasher: inout Hasher) { hasher.combine(bytesHash) }

    /// The hash of an account that has these bytes. It cannot be foreseen outside of the process, so that no caller can choose accounts
    /// that are in each other's way.
    public static func bytesHash(_ bytes: borrowing Span<UInt8>) -> UInt32 {
        var hasher = Hasher()
        // A hasher takes many at once by a pointer only.
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }
}

extension String {
    /// Gives the UTF-8 where it is. `utf8.span` does so too, but takes a reference of its own first.
    @inlinable @inline(__always)
    func withUTF8Span<Result>(_ body: (borrowing Span<UInt8>) -> Result) -> Result {
        // No string on Linux is without such storage.
        unsafe utf8.withContiguousStorageIfAvailable { unsafe body($0.span) } ?? body(utf8.span)
    }
}

extension Account: ExpressibleByStringLiteral {
    /// Wraps a literal.
    public init(stringLiteral value: String) { self.init(value) }
}

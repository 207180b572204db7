import Glibc

/// The secret key of an app, as the vendor's console shows it.
///
/// It is used as text: the HMAC is keyed with the bytes of the characters, which are never decoded from hexadecimal.
/// The bytes live in one place, whoever holds the key: in memory that is not swapped out and is wiped when the last copy
/// is gone. No form of printing shows them.
public struct SecretKey: Sendable {
    private let memory: LockedMemory
    private let count: Int

    /// A key that is written where it will stay.
    /// - Parameters:
    ///   - capacity: Bytes that it may have.
    ///   - write: Writes the bytes of its text, and gives their number. Nothing is trimmed.
    public init<Failure: Error>(
        capacity: Int, _ write: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        memory = LockedMemory(capacity: capacity)
        count = try memory.withBytes { bytes throws(Failure) in
            try write(UnsafeMutableRawBufferPointer(rebasing: bytes[..<capacity]))
        }
    }

    /// A key from its text, of which a copy stays wherever it was. Nothing is trimmed.
    public init(_ text: String) {
        let text = Array(text.utf8)
        self.init(capacity: text.count) { bytes in
            bytes.copyBytes(from: text)
            return text.count
        }
    }

    /// Whether the kernel has agreed never to swap it out.
    public var isLocked: Bool { memory.isLocked }

    /// Lends the bytes of the key's text, to sign with or to look for them in what must not show them.
    public func withUnsafeBytes<Result: Sendable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try memory.withBytes { bytes throws(Failure) in try body(UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
    }

    /// Makes all copies of the key useless, when nothing is signed any more.
    public func wipe() { memory.wipe() }
}

extension SecretKey: Equatable {
    /// Whether the texts are the same. The time that it takes depends only on their lengths.
    public static func == (one: SecretKey, other: SecretKey) -> Bool {
        guard one.count == other.count else { return false }
        if one.memory === other.memory { return true }
        return one.withUnsafeBytes { one in
            other.withUnsafeBytes { other in zip(one, other).reduce(0) { $0 | $1.0 ^ $1.1 } == 0 }
        }
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

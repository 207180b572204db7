import Glibc

/// The secret key of an app, as the vendor's console shows it.
///
/// It is used as text: the HMAC is keyed with the bytes of the characters, which are never decoded from hexadecimal.
/// The bytes are in one place, however many copies of the key there are: in memory that is not swapped out and is wiped when the last copy
/// is gone. No form of printing shows them.
public struct SecretKey: Sendable {
    private let memory: LockedMemory
    private let count: Int

    /// A key that is written where it will stay.
    /// - Parameters:
    ///   - capacity: Bytes that it may have.
    ///   - write: Writes the bytes of its text, and gives their number. Nothing is trimmed. It gets a pointer, as read(2) takes one.
    public init<Failure: Error>(
        capacity: Int, _ write: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        memory = LockedMemory(capacity: capacity)
        count = try memory.withBytes { bytes throws(Failure) in
            try unsafe bytes.withUnsafeMutableBytes { bytes throws(Failure) in
                try unsafe write(UnsafeMutableRawBufferPointer(rebasing: bytes[..<capacity]))
            }
        }
        precondition(0...capacity ~= count, "a key of \(count) bytes where \(capacity) are allowed")
    }

    /// A key from its text, of which a copy stays wherever it was. Nothing is trimmed.
    public init(_ text: String) {
        let text = Array(text.utf8)
        memory = LockedMemory(capacity: text.count)
        count = text.count
        memory.withBytes { bytes in
            for index in text.indices { bytes[index] = text[index] }
        }
    }

    /// Whether the kernel has agreed never to swap it out.
    public var isLocked: Bool { memory.isLocked }

    /// Lends the bytes of the key's text, to sign with or to look for them in what must not show them.
    public func withBytes<Result: Sendable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try memory.withBytes { bytes throws(Failure) in try body(bytes.span.extracting(first: count)) }
    }

    /// Makes all copies of the key useless, when nothing is signed any more.
    public func wipe() { memory.wipe() }
}

extension SecretKey: Equatable {
    /// Whether the texts are the same. The time that it takes depends only on their lengths.
    public static func == (one: SecretKey, other: SecretKey) -> Bool {
        guard one.count == other.count else { return false }
        if one.memory === other.memory { return true }
        return one.withBytes { one in
            other.withBytes { other in one.indices.reduce(0) { $0 | one[$1] ^ other[$1] } == 0 }
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

/// Writes bytes into memory that was set aside for all of them at once.
///
/// To append to an array costs more than to copy the few bytes of a name: each time it is asked whether there is room, and whether the
/// array is shared. A list of 100 names costs 19,000 instructions, and 32,000 if it is appended to an array. Safe to use: what does not fit
/// is not written, and the memory belongs to the array that is being made.
@safe public struct ReservedBytes: ~Copyable {
    @usableFromInline let memory: UnsafeMutableBufferPointer<UInt8>
    @usableFromInline var count = 0
    /// Whether more was to be written than there is room for.
    @usableFromInline var isTooSmall = false

    fileprivate init(_ memory: UnsafeMutableBufferPointer<UInt8>) { unsafe self.memory = memory }

    /// Appends a text that is known when the program is built.
    @inlinable @inline(__always)
    public mutating func append(_ text: StaticString) {
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends all at once.
    @inlinable @inline(__always)
    public mutating func append(_ text: borrowing Span<UInt8>) {
        unsafe text.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends UTF-8 text with the escapes that a JSON string on one line needs, without quotation marks.
    @inline(__always)
    public mutating func appendEscaped(_ text: borrowing Span<UInt8>) {
        if text.isPlainInString { append(text) } else { appendEscapes(text) }
    }

    private mutating func appendEscapes(_ text: borrowing Span<UInt8>) {
        var escaped: [UInt8] = []
        escaped.appendEscaped(text)
        append(escaped.span)
    }

    /// Appends a JSON string, as an element of an array.
    public mutating func appendElement(_ text: borrowing Span<UInt8>, isFirst: Bool) {
        append(isFirst ? #"""# : #",""#)
        appendEscaped(text)
        append(#"""#)
    }

    @inlinable @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard unsafe bytes.count <= memory.count - count else {
            isTooSmall = true
            return
        }
        unsafe UnsafeMutableRawBufferPointer(memory)[count...].copyBytes(from: bytes)
        count += bytes.count
    }
}

extension [UInt8] {
    /// Makes an array of what is written.
    /// - Parameters:
    ///   - names: Bytes of all that is to be escaped.
    ///   - other: Bytes of all else, at most.
    ///   - write: Called once more if there are so many escapes that there was no room for them.
    public init(names: Int, other: Int, _ write: (inout ReservedBytes) -> Void) {
        // No byte becomes more than six.
        guard let bytes = [UInt8](atMost: names + other, write) ?? [UInt8](atMost: 6 * names + other, write) else {
            preconditionFailure("more than \(other) bytes beside the names")
        }
        self = bytes
    }

    private init?(atMost most: Int, _ write: (inout ReservedBytes) -> Void) {
        var isTooSmall = false
        unsafe self.init(unsafeUninitializedCapacity: most) { memory, count in
            var bytes = unsafe ReservedBytes(memory)
            write(&bytes)
            count = bytes.count
            isTooSmall = bytes.isTooSmall
        }
        if isTooSmall { return nil }
    }
}

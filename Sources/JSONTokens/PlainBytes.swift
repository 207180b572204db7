extension UInt8 {
    /// Whether it stands for itself inside a JSON string and needs no second look.
    @inline(__always)
    var isPlainInString: Bool { self &- 0x20 < 0x60 && self != UInt8(ascii: "\"") && self != UInt8(ascii: "\\") }
}

extension Span<UInt8> {
    /// The first byte at or after `start` that is not ``Swift/UInt8/isPlainInString``, or `end`. Takes eight bytes at a time, because
    /// nearly all bytes of nearly all strings are plain.
    func endOfPlainBytes(from start: Int, to end: Int) -> Int {
        var index = start
        withUnsafeBytes { text in
            while index + 8 <= end, text.loadUnaligned(fromByteOffset: index, as: UInt64.self).holdsPlainBytes {
                index += 8
            }
        }
        while index < end, self[index].isPlainInString { index += 1 }
        return index
    }
}

extension UInt64 {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits = ones << 7

    /// Whether each of its eight bytes is plain in a string.
    fileprivate var holdsPlainBytes: Bool {
        // The high bit of a byte of `x - n & ~x` is set if that byte is below n; a borrow can only add to a byte above one that is.
        let control = (self &- Self.ones &* 0x20) & ~self
        let quote = self ^ (Self.ones &* 0x22)
        let backslash = self ^ (Self.ones &* 0x5C)
        let found = control | ((quote &- Self.ones) & ~quote) | ((backslash &- Self.ones) & ~backslash) | self
        return found & Self.highBits == 0
    }
}

extension UInt8 {
    /// Whether it stands for itself inside a JSON string and needs no second look.
    @inline(__always)
    var isPlainInString: Bool { self &- 0x20 < 0x60 && self != UInt8(ascii: "\"") && self != UInt8(ascii: "\\") }
}

extension Span<UInt8> {
    /// The first byte at or after `start` that is not ``Swift/UInt8/isPlainInString``, or `end`. Takes eight bytes at a time, because
    /// nearly all bytes of nearly all strings are plain.
    @inline(__always)
    func endOfPlainBytes(from start: Int, to end: Int) -> Int {
        withUnsafeBytes { text in
            var index = start
            while index + 8 <= text.count {
                let plain = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self)).plainBytes
                if plain < 8 { return Swift.min(index + plain, end) }
                index += 8
                if index >= end { return end }
            }
            // Those that are left, without what is before them: the zeros that come after them are not plain.
            return Swift.min(index + (text.lastBytes >> (8 * (index - Swift.max(0, text.count - 8)))).plainBytes, end)
        }
    }

    /// Whether each byte is one of ASCII above the space, so that there is neither white space nor a line separator. Looks at eight
    /// bytes at a time.
    var isVisibleASCII: Bool {
        withUnsafeBytes { text in
            guard text.count >= 8 else { return text.allSatisfy { 0x21...0x7F ~= $0 } }
            var index = 0
            while index + 8 < text.count {
                if text.loadUnaligned(fromByteOffset: index, as: UInt64.self).hasOtherThanVisibleASCII { return false }
                index += 8
            }
            return !text.loadUnaligned(fromByteOffset: text.count - 8, as: UInt64.self).hasOtherThanVisibleASCII
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The last eight bytes, or all if there are fewer, the first of them the lowest.
    @inline(__always)
    fileprivate var lastBytes: UInt64 {
        if count >= 8 { return UInt64(littleEndian: loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)) }
        if count >= 4 {
            // What both have is the same in both.
            let first = UInt32(littleEndian: loadUnaligned(as: UInt32.self))
            let last = UInt32(littleEndian: loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            return UInt64(first) | UInt64(last) << (8 * (count - 4))
        }
        return reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension UInt64 {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits = ones << 7

    /// Whether any of its eight bytes is below 0x21 or above 0x7F.
    @inline(__always)
    fileprivate var hasOtherThanVisibleASCII: Bool { ((self &- Self.ones &* 0x21) & ~self | self) & Self.highBits != 0 }

    /// How many of its eight bytes, from the lowest, are plain in a string before the first that is not.
    @inline(__always)
    fileprivate var plainBytes: Int {
        // The high bit of a byte of `x - n & ~x` is set if that byte is below n; a borrow can only add to bytes above one that is.
        let control = (self &- Self.ones &* 0x20) & ~self
        let quote = self ^ (Self.ones &* 0x22)
        let backslash = self ^ (Self.ones &* 0x5C)
        let others = control | ((quote &- Self.ones) & ~quote) | ((backslash &- Self.ones) & ~backslash) | self
        return (others & Self.highBits).trailingZeroBitCount / 8
    }
}

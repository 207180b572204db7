extension UInt8 {
    /// Whether it stands for itself inside a JSON string and needs no second look.
    @inline(__always)
    var isPlainInString: Bool { self &- 0x20 < 0x60 && self != UInt8(ascii: "\"") && self != UInt8(ascii: "\\") }
}

extension Span<UInt8> {
    /// The first byte at or after `start` that is not ``Swift/UInt8/isPlainInString``, or the end. Takes eight bytes at a time, because
    /// nearly all bytes of nearly all strings are plain.
    @inline(__always)
    func endOfPlainBytes(from start: Int) -> Int {
        withUnsafeBytes { text in
            var index = start
            while index + 8 <= text.count {
                let plain = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self)).plainBytes
                if plain < 8 { return index + plain }
                index += 8
            }
            // Those that are left, without what is before them.
            let left = text.lastBytes >> (8 * (index - Swift.max(0, text.count - 8)))
            return Swift.min(index + left.plainBytes, text.count)
        }
    }

    /// Whether each byte is ``Swift/UInt8/isPlainInString``.
    @inline(__always)
    var isPlainInString: Bool { withUnsafeBytes { $0.allEights { !$0.hasOtherThanPlain } } }

    /// Whether each byte is one of ASCII above the space, so that there is neither white space nor a line separator.
    @inline(__always)
    var isVisibleASCII: Bool { withUnsafeBytes { $0.allEights { !$0.hasOtherThanVisibleASCII } } }
}

extension UnsafeRawBufferPointer {
    /// Whether all bytes pass a test that is made of eight at a time, some of them twice.
    @inline(__always)
    fileprivate func allEights(_ pass: (UInt64) -> Bool) -> Bool {
        // A letter passes any test.
        guard count >= 8 else { return pass(lastBytes | UInt64.letters << (8 * count)) }
        var index = 0
        while index + 8 < count {
            if !pass(UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))) { return false }
            index += 8
        }
        return pass(lastBytes)
    }

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
    fileprivate static let letters = ones &* UInt64(UInt8(ascii: "a"))

    /// Whether any of its eight bytes is below 0x21 or above 0x7F.
    @inline(__always)
    fileprivate var hasOtherThanVisibleASCII: Bool { ((self &- Self.ones &* 0x21) & ~self | self) & Self.highBits != 0 }

    /// How many of its eight bytes, from the lowest, are plain in a string before the first that is not.
    @inline(__always)
    fileprivate var plainBytes: Int { othersThanPlain.trailingZeroBitCount / 8 }

    /// Whether any of its eight bytes is not plain in a string.
    @inline(__always)
    fileprivate var hasOtherThanPlain: Bool { othersThanPlain != 0 }

    /// The high bit of each byte that is not plain in a string, and perhaps of some above the first of those.
    @inline(__always)
    private var othersThanPlain: UInt64 {
        // The high bit of a byte of `x - n & ~x` is set if that byte is below n; a borrow can only add to bytes above one that is.
        let control = (self &- Self.ones &* 0x20) & ~self
        let quote = self ^ (Self.ones &* 0x22)
        let backslash = self ^ (Self.ones &* 0x5C)
        let others = control | ((quote &- Self.ones) & ~quote) | ((backslash &- Self.ones) & ~backslash) | self
        return others & Self.highBits
    }
}

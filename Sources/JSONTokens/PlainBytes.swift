import Glibc

extension UInt8 {
    /// Whether it means itself inside a JSON string and needs no second look.
    @inline(__always)
    var isPlainInString: Bool { self &- 0x20 < 0x60 && self != UInt8(ascii: "\"") && self != UInt8(ascii: "\\") }
}

extension Span<UInt8> {
    /// Where the first line feed is at or after `start`; nil if there is none.
    ///
    /// By memchr(3), inside the bounds: to find the end of a line of 100 bytes costs 65 instructions, and 510 if its bytes are looked at one
    /// by one.
    @inlinable
    public func firstLineFeed(from start: Int = 0) -> Int? {
        unsafe withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress, start < bytes.count,
                let found = unsafe memchr(first + start, CInt(UInt8(ascii: "\n")), bytes.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - first
        }
    }

    /// The first byte at or after `start` that is not ``Swift/UInt8/isPlainInString``, or the end. Takes eight bytes at a time, because
    /// nearly all bytes of nearly all strings are plain.
    @inline(__always)
    func endOfPlainBytes(from start: Int) -> Int {
        var index = start
        while index + 8 <= count {
            let plain = unsafe bytes.eight(at: index).plainBytes
            if plain < 8 { return index + plain }
            index += 8
        }
        // Those that are left, without what is before them.
        let left = unsafe bytes.lastBytes >> (8 * (index - Swift.max(0, count - 8)))
        return Swift.min(index + left.plainBytes, count)
    }

    /// Whether each byte is ``Swift/UInt8/isPlainInString``.
    @inline(__always)
    var isPlainInString: Bool { unsafe bytes.allEights { !$0.hasOtherThanPlain } }

    /// Whether each byte is one of ASCII above the space, so that there is neither white space nor a line separator.
    @inline(__always)
    var isVisibleASCII: Bool { unsafe bytes.allEights { !$0.hasOtherThanVisibleASCII } }
}

extension RawSpan {
    /// Eight bytes, the first of them the lowest.
    ///
    /// Unsafe by name only, as ``Swift/Span/bytes`` is: any bytes are a number, and the bounds are checked. Put together byte by byte, they cost 45 instructions in
    /// place of 10.
    @inline(__always)
    fileprivate func eight(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Whether all bytes pass a test that is made of eight at a time, some of them twice.
    @inline(__always)
    fileprivate func allEights(_ pass: (UInt64) -> Bool) -> Bool {
        // A letter passes any test.
        guard byteCount >= 8 else { return pass(lastBytes | UInt64.letters << (8 * byteCount)) }
        var index = 0
        while index + 8 < byteCount {
            if !pass(eight(at: index)) { return false }
            index += 8
        }
        return pass(lastBytes)
    }

    /// The same for four.
    @inline(__always)
    private func four(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The last eight bytes, or all if there are fewer, the first of them the lowest.
    @inline(__always)
    fileprivate var lastBytes: UInt64 {
        if byteCount >= 8 { return eight(at: byteCount - 8) }
        if byteCount >= 4 {
            // What both have is the same in both.
            return UInt64(four(at: 0)) | UInt64(four(at: byteCount - 4)) << (8 * (byteCount - 4))
        }
        var bytes: UInt64 = 0
        for offset in 0..<byteCount {
            bytes |= UInt64(unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)) << (8 * offset)
        }
        return bytes
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

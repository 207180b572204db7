extension JSONReader {
    /// Passes a backslash and what belongs to it.
    mutating func escape() throws(JSONSyntaxError) {
        let start = position
        guard position + 1 < bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: bytes.count) }
        if bytes[position + 1] == UInt8(ascii: "u") {
            guard position + 6 <= bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: bytes.count) }
            guard codeUnit(at: position + 2) != nil else { throw JSONSyntaxError(.malformedEscape, at: start) }
            position += 6
        } else if Self.unescaped(bytes[position + 1]) != nil {
            position += 2
        } else {
            throw JSONSyntaxError(.malformedEscape, at: start)
        }
    }

    /// Undoes the escapes of a content that has been passed; nil if a surrogate lacks its other half, unless such are
    /// kept.
    func decodeEscapes(_ content: Range<Int>, keepingLoneSurrogates: Bool = false) -> [UInt8]? {
        var text: [UInt8] = []
        text.reserveCapacity(content.count)
        var index = content.lowerBound
        while index < content.upperBound {
            if bytes[index] != UInt8(ascii: "\\") {
                text.append(bytes[index])
                index += 1
            } else if let byte = Self.unescaped(bytes[index + 1]) {
                text.append(byte)
                index += 2
            } else {
                guard let (value, length) = escapedCodePoint(at: index, before: content.upperBound) else { return nil }
                if 0xD800...0xDFFF ~= value, !keepingLoneSurrogates { return nil }
                text.appendUTF8(value)
                index += length
            }
        }
        return text
    }

    /// The code point of `\uXXXX`, or of a pair of them, and how many bytes it takes. A surrogate that is alone is
    /// given as it is.
    private func escapedCodePoint(at index: Int, before limit: Int) -> (value: UInt32, length: Int)? {
        guard let first = codeUnit(at: index + 2) else { return nil }
        let other = index + 6
        guard UTF16.isLeadSurrogate(first), other + 6 <= limit,
            bytes[other] == UInt8(ascii: "\\"), bytes[other + 1] == UInt8(ascii: "u"),
            let second = codeUnit(at: other + 2), UTF16.isTrailSurrogate(second)
        else { return (UInt32(first), 6) }
        return (0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF)), 12)
    }

    /// The four hexadecimal digits at an offset, all inside the text.
    func codeUnit(at offset: Int) -> UInt16? {
        var value: UInt16 = 0
        for index in offset..<offset + 4 {
            guard let digit = bytes[index].hexDigitValue else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    /// What a one-letter escape means.
    private static func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }
}

extension JSONReader {
    /// Passes one scalar of two to four bytes, by the table of well-formed sequences in Unicode (D92): no overlong
    /// form, no surrogate, nothing above U+10FFFF.
    mutating func multibyteScalar() throws(JSONSyntaxError) {
        let (length, second): (Int, ClosedRange<UInt8>)
        switch bytes[position] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw JSONSyntaxError(.malformedUTF8, at: position)
        }
        guard position + length <= bytes.count, second.contains(bytes[position + 1]) else {
            throw JSONSyntaxError(.malformedUTF8, at: position)
        }
        for index in position + 2..<position + length where bytes[index] & 0xC0 != 0x80 {
            throw JSONSyntaxError(.malformedUTF8, at: position)
        }
        position += length
    }
}

extension [UInt8] {
    /// Appends a code point by the scheme of UTF-8, which also has bytes for surrogates though UTF-8 forbids them.
    fileprivate mutating func appendUTF8(_ value: UInt32) {
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | value >> shift & 0x3F) }
        switch value {
        case ..<0x80: append(UInt8(value))
        case ..<0x800: self += [UInt8(0xC0 | value >> 6), continuation(0)]
        case ..<0x10000: self += [UInt8(0xE0 | value >> 12), continuation(6), continuation(0)]
        default: self += [UInt8(0xF0 | value >> 18), continuation(12), continuation(6), continuation(0)]
        }
    }
}

/// How text is written inside a string, here and where a text is copied.
extension [UInt8] {
    /// Appends UTF-8 text with the escapes that a JSON string on one line needs, without quotation marks.
    public mutating func appendEscaped(_ text: borrowing Span<UInt8>) {
        let plain = text.endOfPlainBytes(from: 0)
        if plain == text.count { append(text) } else { appendEscaped(text, from: plain) }
    }

    private mutating func appendEscaped(_ text: borrowing Span<UInt8>, from firstOther: Int) {
        var copied = 0
        var index = firstOther
        while true {
            index = text.endOfPlainBytes(from: index)
            guard index < text.count else { break }
            let byte = text[index]
            if let length = text.lengthOfLineSeparator(at: index) {
                append(text.extracting(copied..<index))
                appendLineSeparator(lastByte: text[index + length - 1])
                index += length
                copied = index
            } else if byte < 0x80 {
                append(text.extracting(copied..<index))
                appendEscape(byte)
                index += 1
                copied = index
            } else {
                index += 1
            }
        }
        append(text.extracting(copied..<index))
    }

    /// Appends all at once. A span has no safe way to do that; byte by byte, a name of 12 bytes costs 204 instructions in place of 108.
    @inlinable
    public mutating func append(_ text: borrowing Span<UInt8>) {
        unsafe text.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a text that is known when the program is built, and is where its pointer says as long as the program runs.
    @inlinable
    public mutating func append(_ text: StaticString) {
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the escape of the line separator whose UTF-8 ends with a byte.
    mutating func appendLineSeparator(lastByte: UInt8) {
        switch lastByte {
        case 0xA8: self += "\\u2028".utf8
        case 0xA9: self += "\\u2029".utf8
        default: self += "\\u0085".utf8
        }
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): self += "\\\"".utf8
        case UInt8(ascii: "\\"): self += "\\\\".utf8
        case 0x0A: self += "\\n".utf8
        case 0x0D: self += "\\r".utf8
        case 0x09: self += "\\t".utf8
        default:
            self += "\\u00".utf8
            append(UInt8(ascii: "0") + byte >> 4)
            append(contentsOf: String(byte & 15, radix: 16).utf8)
        }
    }
}

extension Span<UInt8> {
    /// How many bytes U+0085, U+2028 or U+2029 takes if it is at an offset, else nil.
    func lengthOfLineSeparator(at index: Int) -> Int? {
        switch self[index] {
        case 0xC2 where index + 1 < count && self[index + 1] == 0x85: 2
        case 0xE2 where index + 2 < count && self[index + 1] == 0x80 && self[index + 2] & 0xFE == 0xA8: 3
        default: nil
        }
    }
}

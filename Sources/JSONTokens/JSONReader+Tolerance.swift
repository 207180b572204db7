extension JSONReader {
    /// The first fault in a string that was tolerated since this was last asked. A reader that tolerates none never has
    /// one.
    public mutating func takeStringFault() -> JSONSyntaxError? {
        guard let fault = stringFault else { return nil }
        stringFault = nil
        return fault
    }

    /// Passes the rest of a string whose end is all that has to be found: every byte but the quotation mark and the
    /// backslash may be anything, and a backslash takes the next byte with it.
    mutating func restOfTolerantString(from start: Int) throws(JSONSyntaxError) -> JSONStringToken {
        var hasEscapes = false
        var fault: JSONSyntaxError?
        while position < bytes.count {
            let here = position
            do throws(JSONSyntaxError) {
                switch bytes[here] {
                case UInt8(ascii: "\""):
                    position += 1
                    return token(start..<here, hasEscapes: hasEscapes, fault)
                case UInt8(ascii: "\\"):
                    hasEscapes = true
                    try escapeOfWholeScalar()
                case 0x80...:
                    // One is mostly followed by others.
                    repeat { try multibyteScalar() } while position < bytes.count && bytes[position] >= 0x80
                default: throw JSONSyntaxError(.controlCharacterInString, at: here)
                }
            } catch {
                if fault == nil { fault = error }
                // The cursor is still where the fault begins.
                position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                if position > bytes.count { break }
            }
            position = bytes.span.endOfPlainBytes(from: position)
        }
        throw JSONSyntaxError(.unexpectedEnd, at: bytes.count)
    }

    private mutating func token(
        _ content: Range<Int>, hasEscapes: Bool, _ fault: JSONSyntaxError?
    ) -> JSONStringToken {
        if stringFault == nil { stringFault = fault }
        return JSONStringToken(content: content, hasEscapes: hasEscapes, isFaulty: fault != nil)
    }

    /// Passes an escape; of a surrogate, the escape of its other half, too.
    @inline(__always)
    private mutating func escapeOfWholeScalar() throws(JSONSyntaxError) {
        let start = position
        guard start + 6 <= bytes.count, bytes[start + 1] == UInt8(ascii: "u") else { return try escape() }
        guard let first = codeUnit(at: start + 2) else { throw JSONSyntaxError(.malformedEscape, at: start) }
        if first & 0xF800 == 0xD800 { try pair(from: first) } else { position += 6 }
    }

    /// Passes the escapes of two surrogates.
    private mutating func pair(from first: UInt16) throws(JSONSyntaxError) {
        let other = position + 6
        guard UTF16.isLeadSurrogate(first), other + 6 <= bytes.count,
            bytes[other] == UInt8(ascii: "\\"), bytes[other + 1] == UInt8(ascii: "u"),
            let second = codeUnit(at: other + 2), UTF16.isTrailSurrogate(second)
        else { throw JSONSyntaxError(.loneSurrogate, at: position) }
        position += 12
    }
}

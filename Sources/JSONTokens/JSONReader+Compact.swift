extension JSONReader {
    /// Passes the next value and gives its tokens without the white space between them, fit for a line.
    ///
    /// Numbers keep their digits, objects their order and their duplicates, strings their escapes; only U+0085, U+2028
    /// and U+2029 become `\uXXXX`, because many languages end lines there.
    public mutating func compactValue() throws(JSONSyntaxError) -> [UInt8] {
        let range = try skipValue()
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        Self.compact(bytes.span.extracting(range), to: &result)
        return result
    }

    /// The same, at the end of the text itself. Most values have the right form already, and are not copied.
    /// - Parameter text: The text that is read, ``bytes``, and what else has been appended to it.
    /// - Returns: Where the value is in that.
    public mutating func compactValue(in text: inout [UInt8]) throws(JSONSyntaxError) -> Range<Int> {
        let range = try skipValue()
        let value = bytes.span.extracting(range)
        if value.isVisibleASCII { return range }
        let start = text.count
        Self.compact(value, to: &text)
        return start..<text.count
    }

    /// Drops the white space between the tokens of a value that has been checked.
    private static func compact(_ text: borrowing Span<UInt8>, to result: inout [UInt8]) {
        var copied = 0
        var index = 0
        var inString = false
        while index < text.count {
            let byte = text[index]
            if inString, byte.isPlainInString {
                index = text.endOfPlainBytes(from: index + 1)
            } else if byte.isPlainInString, byte != 0x20 {
                index += 1
            } else if byte == UInt8(ascii: "\"") {
                inString.toggle()
                index += 1
            } else if byte == UInt8(ascii: "\\") {
                index += 2
            } else if !inString, byte.isJSONWhiteSpace {
                result.append(text.extracting(copied..<index))
                repeat { index += 1 } while index < text.count && text[index].isJSONWhiteSpace
                copied = index
            } else if let length = text.lengthOfLineSeparator(at: index) {
                result.append(text.extracting(copied..<index))
                result.appendLineSeparator(lastByte: text[index + length - 1])
                index += length
                copied = index
            } else {
                index += 1
            }
        }
        result.append(text.extracting(copied..<index))
    }
}

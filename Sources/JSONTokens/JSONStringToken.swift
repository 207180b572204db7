import Glibc

/// A string as it stands in a JSON text: where its content is, and whether it has to be decoded.
public struct JSONStringToken: Hashable, Sendable {
    /// The bytes between the quotation marks.
    public let content: Range<Int>
    /// Whether a backslash occurs in it; if not, the content is the text.
    public let hasEscapes: Bool

    /// The bytes with the quotation marks.
    public var quoted: Range<Int> { content.lowerBound - 1..<content.upperBound + 1 }
}

extension JSONReader {
    /// Passes a string and checks its escapes and its UTF-8.
    ///
    /// An escaped lone surrogate (`"\ud800"`) is JSON by its grammar and passes; ``decode(_:)`` refuses it.
    @discardableResult
    public mutating func string() throws(JSONSyntaxError) -> JSONStringToken {
        try pass(UInt8(ascii: "\""))
        let start = position
        let stop = bytes.span.endOfPlainBytes(from: start, to: end)
        // Nearly all strings have nothing else in them.
        if stop < end, bytes[stop] == UInt8(ascii: "\"") {
            position = stop + 1
            return JSONStringToken(content: start..<stop, hasEscapes: false)
        }
        position = stop
        return try restOfString(from: start)
    }

    private mutating func restOfString(from start: Int) throws(JSONSyntaxError) -> JSONStringToken {
        var hasEscapes = false
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return JSONStringToken(content: start..<position - 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try escape()
            case 0x80...:
                try multibyteScalar()
            default:
                throw JSONSyntaxError(.controlCharacterInString, at: position)
            }
            position = bytes.span.endOfPlainBytes(from: position, to: end)
        }
        throw JSONSyntaxError(.unexpectedEnd, at: end)
    }

    /// The text of a string; nil if it holds an escaped surrogate without its other half, which has no UTF-8.
    ///
    /// Its bytes are exactly those written. Where they name somebody, compare bytes, never `String`s.
    public func decode(_ token: JSONStringToken) -> String? {
        if token.hasEscapes { return decodeEscapes(token.content).map { String(decoding: $0, as: UTF8.self) } }
        return bytes.withUnsafeBufferPointer { String(decoding: $0[token.content], as: UTF8.self) }
    }

    /// The UTF-8 of a string's text, as ``decode(_:)`` gives it.
    public func decodeBytes(_ token: JSONStringToken) -> [UInt8]? {
        token.hasEscapes ? decodeEscapes(token.content) : Array(bytes[token.content])
    }

    /// Bytes that two strings share exactly when their texts are the same, however they are escaped: the UTF-8, with
    /// a surrogate that lacks its other half in the three bytes that UTF-8 would have for it.
    public func identity(_ token: JSONStringToken) -> [UInt8] {
        let decoded = token.hasEscapes ? decodeEscapes(token.content, keepingLoneSurrogates: true) : nil
        return decoded ?? Array(bytes[token.content])
    }

    /// Whether the string's text is `word`, however it is escaped.
    @inline(__always) @inlinable
    public func matches(_ token: JSONStringToken, _ word: StaticString) -> Bool {
        // Most words have another length, which is seen without a call.
        token.hasEscapes
            ? isDecoded(token, word) : token.content.count == word.utf8CodeUnitCount && isEqual(token.content, word)
    }

    @usableFromInline
    func isDecoded(_ token: JSONStringToken, _ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        // An escape makes a byte of text at most six long; no need to decode a long string to see that it differs.
        guard token.content.count <= 6 * length, let text = decodeEscapes(token.content) else { return false }
        return text.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: length))
    }

    /// Whether the string's text has the same bytes as `text`, however it is escaped. It has a label because a literal would otherwise
    /// choose it, which is slower, and not the one for `StaticString`.
    public func matches(_ token: JSONStringToken, text: String) -> Bool {
        guard !token.hasEscapes else {
            return decodeEscapes(token.content).map { $0.elementsEqual(text.utf8) } ?? false
        }
        let text = text.utf8.span
        guard token.content.count == text.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            text.withUnsafeBytes { text in
                guard let start = bytes.baseAddress, let other = text.baseAddress else { return text.isEmpty }
                return memcmp(start + token.content.lowerBound, other, text.count) == 0
            }
        }
    }

    @usableFromInline
    func isEqual(_ content: Range<Int>, _ word: StaticString) -> Bool {
        bytes.withUnsafeBytes {
            guard let start = $0.baseAddress else { return content.isEmpty }
            return memcmp(start + content.lowerBound, word.utf8Start, content.count) == 0
        }
    }
}

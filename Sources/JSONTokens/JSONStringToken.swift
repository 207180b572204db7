import Glibc

/// A string in a JSON text: where its content is, and whether it has to be decoded.
public struct JSONStringToken: Hashable, Sendable {
    /// The bytes between the quotation marks.
    public let content: Range<Int>
    /// Whether a backslash or a fault occurs in it; if not, the content is the text.
    public let hasEscapes: Bool
    /// Whether it is not a string of JSON, or has a lone surrogate. Only a tolerant reader gives such a token; it has no
    /// text.
    public let isFaulty: Bool

    init(content: Range<Int>, hasEscapes: Bool, isFaulty: Bool = false) {
        self.content = content
        self.hasEscapes = hasEscapes || isFaulty
        self.isFaulty = isFaulty
    }

    /// The bytes with the quotation marks.
    public var quoted: Range<Int> { content.lowerBound - 1..<content.upperBound + 1 }
}

extension JSONReader {
    /// Passes a string and checks its escapes and its UTF-8.
    ///
    /// An escaped lone surrogate (`"\ud800"`) is JSON by its grammar and passes; ``decode(_:)`` refuses it.
    @inline(__always)
    @discardableResult
    public mutating func string() throws(JSONSyntaxError) -> JSONStringToken {
        try expect(UInt8(ascii: "\""))
        return try stringHere()
    }

    /// The same when the cursor is at the quotation mark.
    @inline(__always)
    @discardableResult
    mutating func stringHere() throws(JSONSyntaxError) -> JSONStringToken {
        position += 1
        let start = position
        let stop = bytes.span.endOfPlainBytes(from: start)
        // Nearly all strings have nothing else in them.
        if stop < bytes.count, bytes[stop] == UInt8(ascii: "\"") {
            position = stop + 1
            return JSONStringToken(content: start..<stop, hasEscapes: false)
        }
        position = stop
        return try restOfString(from: start)
    }

    private mutating func restOfString(from start: Int) throws(JSONSyntaxError) -> JSONStringToken {
        if toleratesFaultyStrings { return try restOfTolerantString(from: start) }
        var hasEscapes = false
        while position < bytes.count {
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
            position = bytes.span.endOfPlainBytes(from: position)
        }
        throw JSONSyntaxError(.unexpectedEnd, at: bytes.count)
    }

    /// The text of a string; nil if it is faulty or holds an escaped surrogate without its other half, which has no
    /// UTF-8.
    ///
    /// Its bytes are exactly those written. Where they name an account, compare bytes, never `String`s.
    public func decode(_ token: JSONStringToken) -> String? {
        if token.hasEscapes { return decodeBytes(token).map { String(decoding: $0, as: UTF8.self) } }
        return String(decoding: bytes[token.content], as: UTF8.self)
    }

    /// The UTF-8 of a string's text, as ``decode(_:)`` gives it.
    public func decodeBytes(_ token: JSONStringToken) -> [UInt8]? {
        if token.isFaulty { return nil }
        return token.hasEscapes ? decodeEscapes(token.content) : Array(bytes[token.content])
    }

    /// Bytes that two strings share exactly when their texts are the same, however they are escaped: the UTF-8, with a
    /// surrogate that lacks its other half in the three bytes that UTF-8 would have for it. Those of a faulty string
    /// are its content.
    public func identity(_ token: JSONStringToken) -> [UInt8] {
        let isDecoded = token.hasEscapes && !token.isFaulty
        let decoded = isDecoded ? decodeEscapes(token.content, keepingLoneSurrogates: true) : nil
        return decoded ?? Array(bytes[token.content])
    }

    /// Whether the string's text is `word`, however it is escaped.
    ///
    /// By memcmp(3), after both lengths are checked: a name of ten bytes costs 200 instructions, and 650 if the bytes of the range and of a
    /// `String` are compared.
    @inline(__always) @inlinable
    public func matches(_ token: JSONStringToken, _ word: StaticString) -> Bool {
        if token.hasEscapes { return isDecoded(token, word) }
        let length = word.utf8CodeUnitCount
        guard token.content.count == length, token.content.upperBound <= bytes.count else { return false }
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return length == 0 }
            // No call where the word's length is known when the program is built.
            return unsafe memcmp(start + token.content.lowerBound, word.utf8Start, length) == 0
        }
    }

    @usableFromInline
    func isDecoded(_ token: JSONStringToken, _ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        // An escape makes a byte of text at most six long; no need to decode a long string to see that it differs.
        guard token.content.count <= 6 * length, let text = decodeBytes(token) else { return false }
        return text.elementsEqual("\(word)".utf8)
    }
}

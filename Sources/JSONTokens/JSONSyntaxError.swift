/// Why a text is not JSON (RFC 8259), and where.
public struct JSONSyntaxError: Error, Hashable, Sendable {
    /// What was wrong at the offset.
    public enum Reason: Hashable, Sendable {
        /// The text ends inside a value.
        case unexpectedEnd
        /// A byte that is not allowed here.
        case unexpectedByte(UInt8)
        /// A number against the grammar, such as `01`, `1.` or `+1`.
        case malformedNumber
        /// A backslash followed by something that is not an escape.
        case malformedEscape
        /// A byte below 0x20 inside a string.
        case controlCharacterInString
        /// A byte sequence that is not UTF-8.
        case malformedUTF8
        /// An escaped surrogate without its other half, which the grammar allows: only a tolerant reader notes it.
        case loneSurrogate
        /// More arrays and objects inside each other than allowed.
        case nestedTooDeep(limit: Int)
    }

    /// What was wrong.
    public let reason: Reason
    /// Bytes from the start of the text.
    public let offset: Int

    /// Describes an error.
    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    /// One line for a person, without any of the text itself.
    public var description: String {
        switch reason {
        case .unexpectedEnd: "the text ends inside a value, at byte \(offset)"
        case .unexpectedByte(let byte): "unexpected byte 0x\(String(byte, radix: 16)) at byte \(offset)"
        case .malformedNumber: "malformed number at byte \(offset)"
        case .malformedEscape: "malformed escape at byte \(offset)"
        case .controlCharacterInString: "unescaped control character in a string at byte \(offset)"
        case .malformedUTF8: "invalid UTF-8 at byte \(offset)"
        case .loneSurrogate: "lone surrogate at byte \(offset)"
        case .nestedTooDeep(let limit): "nested deeper than \(limit) at byte \(offset)"
        }
    }
}

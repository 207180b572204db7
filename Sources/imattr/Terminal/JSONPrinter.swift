/// Spreads JSON text over lines, and colours it, as it comes piece by piece.
///
/// Nothing of the text but its white space is changed: a value stays the token that it was. The text has to be JSON.
struct JSONPrinter {
    private enum Token { case none, string, escape, other }

    private let style: Style
    private var token = Token.none
    /// For each array or object that is open, whether it is an object.
    private var isObject: [Bool] = []
    /// Whether the innermost one has had no element yet.
    private var isEmpty = false
    /// Whether a string is a key.
    private var isKeyNext = false

    init(style: Style) { self.style = style }

    /// The next piece, as it is shown.
    mutating func print(_ json: some Sequence<UInt8>) -> [UInt8] {
        var shown: [UInt8] = []
        for byte in json { take(byte, &shown) }
        return shown
    }

    /// Ends a text; gives what is still to be shown of it.
    mutating func end() -> [UInt8] {
        var shown: [UInt8] = []
        endToken(&shown)
        return shown
    }

    private mutating func take(_ byte: UInt8, _ shown: inout [UInt8]) {
        switch token {
        case .escape:
            token = .string
            shown.append(byte)
            return
        case .string:
            shown.append(byte)
            if byte == UInt8(ascii: "\\") { token = .escape }
            if byte == UInt8(ascii: "\"") { endToken(&shown) }
            return
        case .none, .other: break
        }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            begin(&shown)
            shown.append(byte)
            isObject.append(byte == UInt8(ascii: "{"))
            isEmpty = true
            isKeyNext = byte == UInt8(ascii: "{")
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            endToken(&shown)
            isObject = isObject.dropLast()
            if !isEmpty { breakLine(&shown) }
            isEmpty = false
            isKeyNext = false
            shown.append(byte)
        case UInt8(ascii: ","):
            endToken(&shown)
            shown.append(byte)
            breakLine(&shown)
            isKeyNext = isObject.last == true
        case UInt8(ascii: ":"):
            shown += [byte, UInt8(ascii: " ")]
            isKeyNext = false
        case 0x20, 0x09, 0x0A, 0x0D: endToken(&shown)
        case UInt8(ascii: "\""):
            begin(&shown)
            token = .string
            shown += (style.start(isKeyNext ? .blue : .green)).utf8
            shown.append(byte)
        default:
            if token == .none {
                begin(&shown)
                token = .other
                if byte == UInt8(ascii: "n") { shown += style.start(.grey).utf8 }
            }
            shown.append(byte)
        }
    }

    /// Before a value or a key: the first one of an array or object is on a line of its own.
    private mutating func begin(_ shown: inout [UInt8]) {
        if isEmpty { breakLine(&shown) }
        isEmpty = false
    }

    private mutating func endToken(_ shown: inout [UInt8]) {
        if token != .none { shown += style.end.utf8 }
        token = .none
    }

    private func breakLine(_ shown: inout [UInt8]) {
        shown.append(UInt8(ascii: "\n"))
        shown += [UInt8](repeating: UInt8(ascii: " "), count: 2 * isObject.count)
    }
}

/// Cuts the elements out of a JSON array that comes in pieces, without checking more of them than where they end.
struct ValueSplitter {
    /// What a byte has brought about.
    enum Step { case inside, endOfValue, endOfArray }

    /// What was found where an array, a comma or its end should be.
    struct Unexpected: Error { let byte: UInt8 }

    private enum State { case before, first, value, afterArray }

    private var state = State.before
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The bytes of the element that is open.
    private(set) var value: [UInt8] = []

    var hasEnded: Bool { state == .afterArray }

    mutating func take(_ byte: UInt8) throws(Unexpected) -> Step {
        switch state {
        case .before:
            if byte.isBlank { return .inside }
            guard byte == UInt8(ascii: "[") else { throw Unexpected(byte: byte) }
            state = .first
            return .inside
        case .first:
            if byte.isBlank { return .inside }
            if byte == UInt8(ascii: "]") { return end() }
            state = .value
            return takeOfValue(byte)
        case .value:
            return takeOfValue(byte)
        case .afterArray:
            guard byte.isBlank else { throw Unexpected(byte: byte) }
            return .inside
        }
    }

    /// To be called when a value has been looked at.
    mutating func removeValue() { value.removeAll(keepingCapacity: true) }

    private mutating func end() -> Step {
        state = .afterArray
        return .endOfArray
    }

    private mutating func takeOfValue(_ byte: UInt8) -> Step {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
        } else {
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ",") where depth == 0: return .endOfValue
            case UInt8(ascii: "]") where depth == 0: return end()
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        value.append(byte)
        return .inside
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}

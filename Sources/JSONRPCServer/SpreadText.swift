import JSONTokens

/// A JSON text over several lines, as pretty-printers write it. It is refused once, at its first line, and not again at each of the others.
///
/// Lines are only counted as its own while they look so: the first one opens more than it closes, and the others are indented or begin by
/// closing. Any other line is read as a line, so that a client that has sent half a request is still answered.
struct SpreadText: Equatable {
    /// Arrays and objects that are open.
    private var depth = 0

    /// What a line begins; nil if it is not the first of several.
    init?(firstLine line: [UInt8]) {
        guard Self.isCut(line), pass(line), depth > 0 else { return nil }
    }

    /// Whether nothing is wrong with a text but that it ends too early.
    private static func isCut(_ line: [UInt8]) -> Bool {
        var reader = JSONReader(line)
        do throws(JSONSyntaxError) {
            try reader.skipValue()
            return false
        } catch {
            return error.reason == .unexpectedEnd
        }
    }

    /// Takes the next line if it is one of the text.
    mutating func take(_ line: [UInt8]) -> Bool {
        guard let first = line.first, first.closes || first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") else {
            return false
        }
        return pass(line)
    }

    /// Whether its last line was taken.
    var hasEnded: Bool { depth == 0 }

    /// Counts what a line opens and closes; false if it cannot be a line of JSON: a string does not end in it, or more is closed than is
    /// open.
    private mutating func pass(_ line: [UInt8]) -> Bool {
        var (isInString, isEscaped) = (false, false)
        for byte in line {
            if isInString {
                if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte.opens {
                depth += 1
            } else if byte.closes {
                depth -= 1
                if depth < 0 { return false }
            }
        }
        return !isInString
    }
}

extension UInt8 {
    fileprivate var opens: Bool { self == UInt8(ascii: "{") || self == UInt8(ascii: "[") }
    fileprivate var closes: Bool { self == UInt8(ascii: "}") || self == UInt8(ascii: "]") }
}

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

    /// Whether the only fault of a text is that it ends too early.
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

    private enum Place { case outside, string, escape }

    /// Counts what a line opens and closes; false if it cannot be a line of JSON: a string does not end in it, or more is closed than is
    /// open.
    private mutating func pass(_ line: [UInt8]) -> Bool {
        var place = Place.outside
        for byte in line {
            switch (place, byte) {
            case (.escape, _): place = .string
            case (.string, UInt8(ascii: "\\")): place = .escape
            case (.string, UInt8(ascii: "\"")): place = .outside
            case (.outside, UInt8(ascii: "\"")): place = .string
            case (.outside, _) where byte.opens: depth += 1
            case (.outside, _) where byte.closes:
                depth -= 1
                if depth < 0 { return false }
            case (.outside, _), (.string, _): break
            }
        }
        return place == .outside
    }
}

extension UInt8 {
    fileprivate var opens: Bool { self == UInt8(ascii: "{") || self == UInt8(ascii: "[") }
    fileprivate var closes: Bool { self == UInt8(ascii: "}") || self == UInt8(ascii: "]") }
}

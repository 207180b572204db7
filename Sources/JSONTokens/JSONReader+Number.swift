extension JSONReader {
    /// Passes a number of any size, checks its grammar, and gives the bytes it stands in.
    @discardableResult
    public mutating func number() throws(JSONSyntaxError) -> Range<Int> {
        skipWhiteSpace()
        let start = position
        if isAt("-") { position += 1 }
        if isAt("0") { position += 1 } else { try digits(from: start) }
        if isAt(".") {
            position += 1
            try digits(from: start)
        }
        if isAt("e") || isAt("E") {
            position += 1
            if isAt("+") || isAt("-") { position += 1 }
            try digits(from: start)
        }
        if position < bytes.count, bytes[position].isDigit { throw JSONSyntaxError(.malformedNumber, at: start) }
        return start..<position
    }

    /// Passes a number and gives it as an integer; nil if it has a fraction or an exponent, or does not fit.
    ///
    /// `1.0` and `1e3` are numbers but not read as integers: whoever wants an integer is told so.
    public mutating func integer() throws(JSONSyntaxError) -> Int64? {
        let range = try number()
        let negative = bytes[range.lowerBound] == UInt8(ascii: "-")
        var value: Int64 = 0
        for index in range.lowerBound + (negative ? 1 : 0)..<range.upperBound {
            guard bytes[index].isDigit else { return nil }
            let digit = Int64(bytes[index] - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
        }
        // Counted downwards, because the least Int64 has no positive twin.
        if negative { return value }
        return value == .min ? nil : -value
    }

    private func isAt(_ letter: Unicode.Scalar) -> Bool {
        position < bytes.count && bytes[position] == UInt8(ascii: letter)
    }

    private mutating func digits(from start: Int) throws(JSONSyntaxError) {
        let first = position
        position = endOfRun(from: position) { $0.isDigit }
        if position == bytes.count, first == position { throw JSONSyntaxError(.unexpectedEnd, at: position) }
        if first == position { throw JSONSyntaxError(.malformedNumber, at: start) }
    }
}

extension UInt8 {
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    var hexDigitValue: UInt16? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(self - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(self - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(self - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

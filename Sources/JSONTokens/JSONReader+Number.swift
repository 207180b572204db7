extension JSONReader {
    /// Passes a number of any size, checks its grammar, and returns its bytes.
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
    public mutating func integer() throws(JSONSyntaxError) -> Int64? { plainInteger(in: try number()) }

    /// Passes a number and gives its value if that is an integer, however it is written: `1000`, `1000.0` and `1e3` are the same to JSON
    /// Schema, and many languages write the second or the third. Nil if it is not an integer, or does not fit.
    public mutating func integralNumber() throws(JSONSyntaxError) -> Int64? {
        let range = try number()
        return plainInteger(in: range) ?? integer(in: range)
    }

    private func plainInteger(in range: Range<Int>) -> Int64? {
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

    /// The value of a number with a fraction or an exponent: its digits without the zeros around them, and what power of ten they are
    /// multiplied by. No digit is rounded away, and no power is computed that is larger than the value.
    private func integer(in range: Range<Int>) -> Int64? {
        let token = bytes[range]
        let mantissaEnd = token.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? token.endIndex
        let mantissa = token[..<mantissaEnd]
        let fraction = mantissa.firstIndex(of: UInt8(ascii: ".")).map { mantissaEnd - $0 - 1 } ?? 0
        let digits = mantissa.filter(\.isDigit)
        guard let first = digits.firstIndex(where: { $0 != UInt8(ascii: "0") }),
            let last = digits.lastIndex(where: { $0 != UInt8(ascii: "0") })
        else { return 0 }
        let power = exponent(token[mantissaEnd...].dropFirst()) - fraction + (digits.count - 1 - last)
        // An Int64 has up to 19 digits.
        guard power >= 0, last - first + 1 + power <= 19 else { return nil }
        let sign = token.first == UInt8(ascii: "-") ? "-" : ""
        let value = String(decoding: digits[first...last], as: UTF8.self) + String(repeating: "0", count: power)
        return Int64(sign + value)
    }

    /// The value of an exponent without its `e`; one that is larger than any line is long counts as that.
    private func exponent(_ token: ArraySlice<UInt8>) -> Int {
        let most = 1 << 40
        let value = token.filter(\.isDigit).reduce(0) { min($0 * 10 + Int($1 - UInt8(ascii: "0")), most) }
        return token.first == UInt8(ascii: "-") ? -value : value
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

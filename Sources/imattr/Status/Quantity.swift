/// Numbers as a person reads them.
enum Quantity {
    /// A whole number with thin groups of three: `1,234,567`.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }

    /// A number of things: `1 call`, `2 calls`.
    static func count(_ number: Int, _ thing: String) -> String {
        "\(grouped(number)) \(thing)\(number == 1 ? "" : "s")"
    }

    /// Seconds in the two largest units that are not nought: `3 d 4 h`, `12 s`.
    static func duration(seconds: Int) -> String {
        let units = [
            ("d", seconds / 86400), ("h", seconds / 3600 % 24), ("min", seconds / 60 % 60), ("s", seconds % 60),
        ]
        let parts = units.drop { $0.1 == 0 }.prefix(2).filter { $0.1 != 0 }.map { "\($0.1) \($0.0)" }
        return parts.isEmpty ? "0 s" : parts.joined(separator: " ")
    }

    /// Milliseconds, from ten seconds on as a duration.
    static func duration(milliseconds: Int) -> String {
        milliseconds < 10_000 ? "\(grouped(milliseconds)) ms" : duration(seconds: milliseconds / 1000)
    }

    /// Bytes in the largest binary unit that leaves at least one: `1.5 MiB`.
    static func bytes(_ number: Int) -> String {
        var unit = 0
        while unit < 4, number >> (10 * (unit + 1)) > 0 { unit += 1 }
        guard unit > 0 else { return "\(number) B" }
        let tenths = number / (1 << (10 * unit)) * 10 + number % (1 << (10 * unit)) * 10 / (1 << (10 * unit))
        return "\(tenths / 10).\(tenths % 10) \(["KiB", "MiB", "GiB", "TiB"][unit - 1])"
    }

    /// A number with one digit after the point.
    static func tenths(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(grouped(tenths / 10)).\(abs(tenths % 10))"
    }
}

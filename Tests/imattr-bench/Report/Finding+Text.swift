extension Finding {
    /// The finding as a line of a table.
    var text: String {
        let target =
            switch target {
            case .atLeast(let bound): "≥ " + Self.number(bound, decimals)
            case .atMost(let bound): "≤ " + Self.number(bound, decimals)
            case nil: ""
            }
        let verdict = self.target == nil ? "" : isMet ? "ok" : "MISSED"
        let measured =
            value.isNaN && spread != nil
            ? "unsteady" : Self.number(value, decimals) + (unit.isEmpty || !value.isFinite ? "" : " " + unit)
        let rounds = spread.map { " (± \(Self.number($0 * 50, 0)) %)" } ?? ""
        let line = "  " + Self.padded(what, 52) + Self.padded(measured + rounds, 24) + Self.padded(target, 12) + verdict
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// A number with so many decimals, rounded.
    static func number(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "never" }
        let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = Int((value.magnitude * scale).rounded())
        let digits = String(repeating: "0", count: max(0, decimals + 1 - String(scaled).count)) + String(scaled)
        let sign = value < 0 && scaled != 0 ? "-" : ""
        return sign + digits.dropLast(decimals) + (decimals > 0 ? "." + digits.suffix(decimals) : "")
    }
}

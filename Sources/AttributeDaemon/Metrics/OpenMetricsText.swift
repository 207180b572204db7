/// Writes metrics in the text format of OpenMetrics 1.0.
struct OpenMetricsText {
    /// A label's name and its value.
    typealias Label = (name: String, value: String)

    private(set) var bytes: [UInt8] = []
    private var metric = Metric.build

    init() { bytes.reserveCapacity(16 << 10) }

    /// Begins a family: what follows are its samples, if there are any.
    mutating func begin(_ metric: Metric) {
        self.metric = metric
        line("# TYPE \(metric.name) \(metric.type.rawValue)")
        if let unit = metric.unit { line("# UNIT \(metric.name) \(unit)") }
        line("# HELP \(metric.name) \(Self.escape(metric.help))")
    }

    /// Ends the text; nothing may follow.
    mutating func end() { line("# EOF") }

    /// One sample; none if there is no value.
    mutating func sample(_ value: Int?, _ labels: [Label] = []) {
        if let value { line(metric.name + metric.type.suffix, labels, "\(value)") }
    }

    /// One sample; none if there is no value.
    mutating func sample(_ value: Double?, _ labels: [Label] = []) {
        if let value { line(metric.name + metric.type.suffix, labels, "\(value)") }
    }

    /// The samples of a histogram.
    mutating func samples(_ histogram: Histogram) {
        let bounds = histogram.bounds.map { "\($0)" } + ["+Inf"]
        for (bound, count) in zip(bounds, histogram.cumulative) {
            line(metric.name + "_bucket", [("le", bound)], "\(count)")
        }
        line(metric.name + "_count", [], "\(histogram.count)")
        line(metric.name + "_sum", [], "\(histogram.sum)")
    }

    /// The samples of a state set: 1 for the state that holds, 0 for the others.
    mutating func states(_ states: [String], current: String) {
        for state in states { line(metric.name, [(metric.name, state)], state == current ? "1" : "0") }
    }

    // MARK: Lines

    private mutating func line(_ name: String, _ labels: [Label], _ value: String) {
        let pairs = labels.map { "\($0.name)=\"\(Self.escape($0.value))\"" }.joined(separator: ",")
        line(pairs.isEmpty ? "\(name) \(value)" : "\(name){\(pairs)} \(value)")
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

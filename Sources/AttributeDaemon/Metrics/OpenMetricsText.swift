import AttributeAPI

/// The text formats in which metrics are written.
enum MetricsFormat: CaseIterable, Sendable {
    /// OpenMetrics 1.0.
    case openMetrics
    /// Prometheus's own, 0.0.4, which knows neither units nor states nor information.
    case classic

    /// What the text is, in the terms of HTTP.
    var contentType: String {
        switch self {
        case .openMetrics: GetMetrics.contentType
        case .classic: "text/plain; version=0.0.4; charset=utf-8"
        }
    }
}

/// Writes metrics as text.
struct OpenMetricsText {
    /// A label's name and its value.
    typealias Label = (name: String, value: String)

    private(set) var bytes: [UInt8] = []
    private let format: MetricsFormat
    private var name = ""
    private var suffix = ""

    init(_ format: MetricsFormat = .openMetrics) {
        self.format = format
        bytes.reserveCapacity(16 << 10)
    }

    /// Begins a family: what follows are its samples, if there are any.
    mutating func begin(_ metric: Metric) {
        let row = metric.row
        (name, suffix) = (metric.name, row.type.suffix)
        switch format {
        case .openMetrics:
            line("# TYPE \(name) \(row.type.rawValue)")
            if let unit = metric.unit { line("# UNIT \(name) \(unit)") }
            line("# HELP \(name) \(Self.escape(row.help))")
        case .classic:
            line("# HELP \(name + suffix) \(Self.escape(row.help, quotes: false))")
            line("# TYPE \(name + suffix) \(row.type.classicName)")
        }
    }

    /// Ends the text; nothing may follow.
    mutating func end() {
        if case .openMetrics = format { line("# EOF") }
    }

    /// One sample; none if there is no value.
    mutating func sample<Value: CustomStringConvertible>(_ value: Value?, _ labels: [Label] = []) {
        if let value { line(name + suffix, labels, "\(value)") }
    }

    /// The samples of a histogram.
    mutating func samples(_ histogram: Histogram) {
        let bounds = histogram.bounds.map { "\($0)" } + ["+Inf"]
        for (bound, count) in zip(bounds, histogram.cumulative) {
            line(name + "_bucket", [("le", bound)], "\(count)")
        }
        line(name + "_count", [], "\(histogram.count)")
        line(name + "_sum", [], "\(histogram.sum)")
    }

    /// The samples of a state set: 1 for the state that holds, 0 for the others.
    mutating func states(_ states: [String], current: String) {
        for state in states { line(name, [(name, state)], state == current ? "1" : "0") }
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

    private static func escape(_ text: String, quotes: Bool = true) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"" where quotes: escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension Metric.Kind {
    /// The nearest type that Prometheus's own format has.
    fileprivate var classicName: String {
        switch self {
        case .counter, .gauge, .histogram: rawValue
        case .info, .stateset: "gauge"
        }
    }
}

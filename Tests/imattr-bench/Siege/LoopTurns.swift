import FoundationEssentials

/// How long the turns of the daemon's event loop took, from its metrics.
struct LoopTurns: Sendable, Equatable {
    /// The names of the histograms.
    enum Metric: String {
        /// Time by the clock, in which the kernel may have run something else.
        case clock = "imattrd_loop_turn_seconds"
        case processor = "imattrd_loop_turn_processor_seconds"
    }

    /// How many turns took at most so long, for each bound in seconds, in order.
    private var upTo: [(bound: Double, count: Double)]

    /// From the text of OpenMetrics; nil if it has no such histogram.
    init?(openMetrics text: some StringProtocol, _ metric: Metric) {
        upTo = text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix(metric.rawValue + "_bucket{"), let end = line.firstIndex(of: "}") else { return nil }
            let labels = line[..<end]
            guard let start = labels.firstRange(of: "le=\"")?.upperBound,
                let count = line[end...].split(separator: " ").dropFirst().first.flatMap({ Double($0) })
            else { return nil }
            let bound = labels[start...].prefix { $0 != "\"" }
            return (bound == "+Inf" ? .infinity : Double(bound) ?? .nan, count)
        }
        guard !upTo.isEmpty else { return nil }
    }

    /// From a line that answers `getMetrics`; nil if it is none or the metrics have no such histogram.
    init?(answer line: String, _ metric: Metric) {
        struct Answer: Decodable {
            struct Metrics: Decodable { var body: String }
            var result: Metrics
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(line.utf8)) else { return nil }
        self.init(openMetrics: answer.result.body, metric)
    }

    /// The bound, in seconds, that the longest of the turns since `earlier` did not exceed, and the next lower bound did;
    /// 0 if there was none.
    func longest(since earlier: LoopTurns) -> Double {
        var below = 0.0
        var longest = 0.0
        for (now, before) in zip(upTo, earlier.upTo) {
            let turns = now.count - before.count
            if turns > below { longest = now.bound }
            below = turns
        }
        return longest
    }

    static func == (left: LoopTurns, right: LoopTurns) -> Bool {
        left.upTo.elementsEqual(right.upTo) { $0 == $1 }
    }
}

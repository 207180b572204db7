import FoundationEssentials

/// How long the turns of the daemon's event loop took, from its metrics.
struct LoopTurns: Sendable, Equatable {
    /// The name of the histogram.
    static let metric = "imattrd_loop_turn_seconds"

    /// How many turns took at most so long, for each bound in seconds, in order.
    private var upTo: [(bound: Double, count: Double)]

    /// From the text of OpenMetrics; nil if it has no such histogram.
    init?(openMetrics text: some StringProtocol) {
        upTo = text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix(Self.metric + "_bucket{"), let end = line.firstIndex(of: "}") else { return nil }
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
    init?(answer line: String) {
        struct Answer: Decodable {
            struct Metrics: Decodable { var body: String }
            var result: Metrics
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(line.utf8)) else { return nil }
        self.init(openMetrics: answer.result.body)
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

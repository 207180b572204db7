/// Durations in order, to ask which of them a share of all does not exceed.
struct Percentiles: Sendable {
    private let sorted: [Duration]

    init(_ durations: [Duration]) {
        sorted = durations.sorted()
    }

    var count: Int { sorted.count }
    var largest: Duration? { sorted.last }

    /// The least of the durations that `percent` (0…100) of all do not exceed (nearest rank, so always one that
    /// occurred); nil if there are none.
    func value(at percent: Double) -> Duration? {
        guard !sorted.isEmpty else { return nil }
        let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
        return sorted[min(max(Int(rank), 1), sorted.count) - 1]
    }
}

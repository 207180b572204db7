/// The same quantity, measured once in each round.
struct Samples: Sendable {
    let values: [Double]

    init(_ values: [Double]) { self.values = values }

    var median: Double { quantile(0.5) }

    /// Width of the middle half of the values, as a part of their median.
    var spread: Double { (quantile(0.75) - quantile(0.25)) / median }

    /// Of each round by itself: what disturbs a machine for a round disturbs both.
    static func / (dividend: Samples, divisor: Samples) -> Samples {
        Samples(zip(dividend.values, divisor.values).map(/))
    }

    static func - (minuend: Samples, subtrahend: Samples) -> Samples {
        Samples(zip(minuend.values, subtrahend.values).map(-))
    }

    /// By linear interpolation; not a number if there are no values.
    private func quantile(_ share: Double) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return .nan }
        let position = share * Double(last)
        let below = Int(position)
        let above = min(below + 1, last)
        return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
    }
}

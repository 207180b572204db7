/// Counts values by size. Adding one allocates nothing.
struct Histogram: Sendable {
    /// The upper bounds of the buckets, rising; what is above the last one has a bucket of its own.
    let bounds: [Double]
    /// Values in each bucket, not in those below it.
    private var counts: [Int]
    /// All values together.
    private(set) var sum = 0.0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Bounds for times, in seconds: from an answer out of memory to the longest that a caller waits as a rule.
    static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    /// Bounds for the accounts of a call, of which there are 100 at most.
    static let accounts: [Double] = [1, 2, 5, 10, 25, 50, 75, 99, 100]

    mutating func add(_ value: Double) {
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counts[bucket] += 1
        sum += value
    }

    /// How many values there are.
    var count: Int { counts.reduce(0, +) }

    /// For each bound the values up to it, and at last all of them.
    var cumulative: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }
}

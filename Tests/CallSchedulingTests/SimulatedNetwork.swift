import AttributeValues
import CallScheduling
import Glibc
import Testing

/// How long calls take to the server and answers take back, and what gets lost.
struct SimulatedNetwork: Sendable, CustomTestStringConvertible {
    /// One way's delay in seconds, for the n-th call.
    enum Delay: Sendable {
        case constant(Double)
        /// A least delay and exponential jitter with a mean.
        case exponential(least: Double, mean: Double)
        /// Pareto with shape 1.2, cut off: most are quick, some take very long.
        case heavyTailed(least: Double, most: Double)
        /// Slow for a while, then quick: what was sent over a second bunches up.
        case alternating(slow: Double, quick: Double, period: Int)
        /// Anything between two bounds, so that calls overtake each other.
        case uniform(ClosedRange<Double>)

        func seconds(call: Int, _ generator: inout SeededGenerator) -> Double {
            switch self {
            case .constant(let seconds): return seconds
            case .exponential(let least, let mean): return least - mean * log(1 - generator.unit())
            case .heavyTailed(let least, let most): return min(most, least / pow(1 - generator.unit(), 1 / 1.2))
            case .alternating(let slow, let quick, let period): return call / period % 2 == 0 ? slow : quick
            case .uniform(let range): return range.lowerBound + (range.upperBound - range.lowerBound) * generator.unit()
            }
        }
    }

    let name: String
    var out: Delay
    var back: Delay
    /// Part of the calls that never get an answer; half of them are counted all the same.
    var lost = 0.0
    /// Part of the calls for which no connection is made.
    var refused = 0.0
    /// Seconds of the server's clock in a second of ours.
    var serverClock = 1.0

    var testDescription: String { name }
}

/// What the server has counted.
struct ServerRecord {
    private(set) var arrivals: [Double] = []

    mutating func count(at seconds: Double) { arrivals.append(seconds) }

    /// Connections were closed: what is on its way then arrives by `seconds`, or never.
    mutating func noneArrives(after seconds: Double) {
        for index in arrivals.indices.suffix(1000) { arrivals[index] = min(arrivals[index], seconds) }
    }

    /// The most calls in any second, wherever it begins.
    var worstSecond: Int {
        let sorted = arrivals.sorted()
        var first = 0
        var worst = 0
        for last in sorted.indices {
            while sorted[last] - sorted[first] >= 1 { first += 1 }
            worst = max(worst, last - first + 1)
        }
        return worst
    }

    /// The most calls in a second of the server's calendar.
    var worstCalendarSecond: Int {
        var seconds: [Int: Int] = [:]
        for arrival in arrivals { seconds[Int(arrival.rounded(.down)), default: 0] += 1 }
        return seconds.values.max() ?? 0
    }
}

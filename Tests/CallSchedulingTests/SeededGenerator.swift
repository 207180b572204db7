@testable import CallScheduling

/// The scheduler's own: the same numbers for the same seed, so that a failed run can be repeated.
typealias SeededGenerator = SeededNumbers

extension SeededNumbers {
    /// From 0 to just below 1.
    mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}

import NIOCore

/// Counts arrivals in the second that ends with each of them.
///
/// The count is exact: the fullest of all one-second windows is one that ends with an arrival. Two arrivals exactly a
/// second apart do not share a second. Memory is bounded by the arrivals of one second.
struct SlidingSecond {
    private var arrivals = CircularBuffer<NIODeadline>()
    /// The most arrivals that any second has held so far.
    private(set) var worst = 0

    /// Counts an arrival, and returns how many the second that ends with it holds, itself included. Times never
    /// decrease from call to call.
    mutating func record(_ time: NIODeadline) -> Int {
        while let first = arrivals.first, time - first >= .seconds(1) {
            arrivals.removeFirst()
        }
        arrivals.append(time)
        worst = max(worst, arrivals.count)
        return arrivals.count
    }
}

import NIOCore

/// The times of the last calls; a call may leave a second after the one that is a second's worth of calls before it.
struct LogOfSends: CallLimiter {
    static let name = "log of sends"

    private let rate: Int
    private var sends = CircularBuffer<NIODeadline>()

    init(rate: Int) {
        self.rate = rate
    }

    func earliestStart(now: NIODeadline) -> NIODeadline {
        guard sends.count == rate, let first = sends.first else { return now }
        return max(now, first + .seconds(1))
    }

    mutating func take(now: NIODeadline) {
        if sends.count == rate { sends.removeFirst() }
        sends.append(now)
    }
}

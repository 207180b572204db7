import Glibc

/// What is told on a terminal while a large job runs: how much is done, how fast, and how long it will take.
struct Progress {
    /// The time between two looks, so that drawing costs nothing.
    private static let interval: Duration = .milliseconds(200)
    private static let barWidth = 24

    private let start: ContinuousClock.Instant
    /// What was done before this run, of accounts and of the input.
    private let accountsBefore: Int
    private var fractionBefore: Double?
    private var latest: ContinuousClock.Instant?
    private var hasDrawn = false

    init(accountsBefore: Int, now: ContinuousClock.Instant = .now) {
        start = now
        self.accountsBefore = accountsBefore
    }

    /// What to write, if it is time for it.
    ///
    /// - Parameters:
    ///   - accounts: Answered in all.
    ///   - fraction: How much of the input has been read, from 0 to 1; nil if nobody can know.
    mutating func update(accounts: Int, fraction: Double?, now: ContinuousClock.Instant = .now) -> String? {
        if fractionBefore == nil { fractionBefore = accountsBefore == 0 ? 0 : fraction }
        if let latest, now - latest < Self.interval { return nil }
        latest = now
        hasDrawn = true
        return
            "\r\(Self.text(accounts: accounts, rate: rate(accounts, now), fraction: fraction, left: left(fraction, now)))\u{1B}[K"
    }

    /// What takes the line away again.
    mutating func clear() -> String? {
        defer { hasDrawn = false }
        return hasDrawn ? "\r\u{1B}[K" : nil
    }

    private func rate(_ accounts: Int, _ now: ContinuousClock.Instant) -> Int {
        Int(Double(accounts - accountsBefore) / max((now - start) / .seconds(1), 0.001))
    }

    private func left(_ fraction: Double?, _ now: ContinuousClock.Instant) -> Duration? {
        guard let fraction, let fractionBefore, fraction > fractionBefore else { return nil }
        return (now - start) * ((1 - fraction) / (fraction - fractionBefore))
    }

    /// The line, without what moves the cursor; shorter than 80 columns.
    static func text(accounts: Int, rate: Int, fraction: Double?, left: Duration?) -> String {
        let counts = "\(grouped(accounts)) accounts  \(grouped(rate))/s"
        guard let fraction else { return counts }
        let filled = Int(fraction * Double(barWidth))
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: barWidth - filled)
        let percent = String(Int(fraction * 100))
        let padded = String(repeating: " ", count: max(3 - percent.count, 0)) + percent
        return "\(padded) % [\(bar)] \(counts)" + (left.map { "  \(clock($0)) left" } ?? "")
    }

    private static func grouped(_ number: Int) -> String {
        var rest = Substring(String(number))
        var groups: [Substring] = []
        while rest.count > 3 {
            groups.insert(rest.suffix(3), at: 0)
            rest = rest.dropLast(3)
        }
        return ([rest] + groups).joined(separator: ",")
    }

    private static func clock(_ duration: Duration) -> String {
        let seconds = Int((duration / .seconds(1)).rounded(.up))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(seconds % 60))" : "\(minutes):\(two(seconds % 60))"
    }
}

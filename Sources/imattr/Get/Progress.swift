import Glibc

/// What is shown on a terminal while a large job runs: how much is done, how fast, and how long it will take.
struct Progress {
    /// The time between two looks, so that drawing costs nothing.
    private static let interval: Duration = .milliseconds(200)
    private static let barWidth = 24
    private static let leastBarWidth = 6

    private let start: ContinuousClock.Instant
    /// What was done before this run, of accounts and of the input.
    private let accountsBefore: Int
    private var fractionBefore: Double?
    private var latest: ContinuousClock.Instant?

    init(accountsBefore: Int, now: ContinuousClock.Instant = .now) {
        start = now
        self.accountsBefore = accountsBefore
    }

    /// The line to show, if it is time for it.
    ///
    /// - Parameters:
    ///   - columns: Those of the terminal.
    ///   - accounts: Answered in all.
    ///   - fraction: How much of the input has been read, from 0 to 1; nil if that cannot be known.
    mutating func update(
        accounts: Int, fraction: Double?, columns: Int = 80, now: ContinuousClock.Instant = .now
    ) -> String? {
        if fractionBefore == nil { fractionBefore = accountsBefore == 0 ? 0 : fraction }
        if let latest, now - latest < Self.interval { return nil }
        latest = now
        return Self.text(
            accounts: accounts, rate: rate(accounts, now), fraction: fraction, left: left(fraction, now),
            columns: columns)
    }

    private func rate(_ accounts: Int, _ now: ContinuousClock.Instant) -> Int {
        Int(Double(accounts - accountsBefore) / max((now - start) / .seconds(1), 0.001))
    }

    private func left(_ fraction: Double?, _ now: ContinuousClock.Instant) -> Duration? {
        guard let fraction, let fractionBefore, fraction > fractionBefore else { return nil }
        return (now - start) * ((1 - fraction) / (fraction - fractionBefore))
    }

    /// The line, shorter than the terminal is wide: a full one would go on on the next. The bar gets shorter, and then what matters least is
    /// left out.
    static func text(accounts: Int, rate: Int, fraction: Double?, left: Duration?, columns: Int = 80) -> String {
        let room = columns - 1
        let counts = "\(grouped(accounts)) accounts"
        let speed = "  \(grouped(rate))/s"
        guard let fraction else { return fitting([counts + speed, counts, grouped(accounts)], room) }
        let number = String(Int(fraction * 100))
        let percent = String(repeating: " ", count: max(3 - number.count, 0)) + number + " %"
        let time = left.map { "  \(clock($0)) left" } ?? ""
        let whole = "\(percent) \(counts)\(speed)\(time)"
        let space = min(barWidth, room - whole.count - 3)
        if space >= leastBarWidth {
            let filled = Int(fraction * Double(space))
            let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: space - filled)
            return "\(percent) [\(bar)] \(counts)\(speed)\(time)"
        }
        return fitting(
            [whole, "\(percent) \(counts)\(time)", "\(percent)\(time)", percent, number], room)
    }

    /// The first that fits; a part of the last if none does.
    private static func fitting(_ texts: [String], _ room: Int) -> String {
        texts.first { $0.count <= room } ?? String(texts.last?.prefix(max(room, 0)) ?? "")
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

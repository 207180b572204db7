/// `imattr status --watch`: the status with four curves below it on a terminal, else one line for each interval.
struct LiveView {
    static let columns = 60

    let style: Style
    private var history = StatusHistory(capacity: columns)

    init(style: Style) { self.style = style }

    /// The lines that replace what is on the screen.
    ///
    /// - Parameter uid: The caller's.
    mutating func screen(_ status: DaemonStatus, at now: Duration, seconds: Int, uid: UInt32? = nil) -> [String] {
        history.append(status, at: now)
        return StatusText(status: status, style: style, now: seconds, uid: uid).lines + [""] + curves(status)
    }

    private func curves(_ status: DaemonStatus) -> [String] {
        let samples = history.samples
        let limit = Double(status.integer("limiter.rateLimit") ?? 1)
        let fill = samples.map { $0.accountsPerCall ?? 0 }
        let waiting = samples.map { Double($0.waitingAccounts) }
        let newest = samples.last
        return [
            curve("calls/s", newest.map { Quantity.tenths($0.callsPerSecond) }, samples.map(\.callsPerSecond), limit),
            curve("fill", newest?.accountsPerCall.map { Quantity.tenths($0) }, fill, 100),
            curve("waiting", newest.map { Quantity.grouped($0.waitingAccounts) }, waiting, max(waiting.max() ?? 0, 1)),
            curve("slots", newest.map { Quantity.grouped($0.slotsHeld) }, samples.map { Double($0.slotsHeld) }, limit),
        ]
    }

    private func curve(_ name: String, _ newest: String?, _ numbers: [Double], _ top: Double) -> String {
        let number = newest ?? "-"
        let space = String(repeating: " ", count: max(1, 10 - number.count))
        return style.bold(TerminalText.pad(name, to: 8)) + space + number + "  " + Sparkline.draw(numbers, top: top)
    }

    /// The heading of ``line(_:at:)``.
    static let heading = "state           calls/s      fill     waiting     slots    oldest ms"

    /// One line for an interval; nil as long as there is nothing to compare with.
    mutating func line(_ status: DaemonStatus, at now: Duration) -> String? {
        guard let newest = history.append(status, at: now) else { return nil }
        let columns = [
            (Quantity.tenths(newest.callsPerSecond), 9),
            (newest.accountsPerCall.map { Quantity.tenths($0) } ?? "-", 10),
            (String(newest.waitingAccounts), 12), (String(newest.slotsHeld), 10),
            (status["queue.oldestWaitingMs"] ?? "-", 13),
        ]
        let numbers = columns.map { String(repeating: " ", count: max(1, $1 - $0.count)) + $0 }.joined()
        return TerminalText.pad(status["state"] ?? "?", to: 14) + numbers
    }
}

/// Numbers as a row of bars, one column each.
enum Sparkline {
    private static let bars = Array(" ▁▂▃▄▅▆▇█")

    /// Draws numbers from nought to a top; what is over it gets the highest bar, and anything above nought a visible one.
    static func draw(_ numbers: [Double], top: Double) -> String {
        String(numbers.map { bars[height($0, top)] })
    }

    private static func height(_ number: Double, _ top: Double) -> Int {
        guard number > 0, top > 0 else { return 0 }
        let highest = bars.count - 1
        return min(highest, max(1, Int((min(number / top, 1) * Double(highest)).rounded())))
    }
}

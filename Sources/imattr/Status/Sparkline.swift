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

/// Memory of a line that was answered, used again for the next line: most lines are short, and need no memory of their own.
///
/// The connections of a server share one pool, since only one of them takes a line at a time.
struct LinePool {
    private var spare: [UInt8] = []
    /// Bytes of the largest line whose memory is kept.
    private static let largestKept = 4096

    /// Memory for a line, with contents that do not matter.
    mutating func take() -> [UInt8] {
        var line: [UInt8] = []
        swap(&line, &spare)
        return line
    }

    /// Offers a line whose memory may be used for another. While a request still holds the line, its memory is not used.
    mutating func giveBack(_ line: [UInt8]) {
        if line.capacity <= Self.largestKept { spare = line }
    }
}

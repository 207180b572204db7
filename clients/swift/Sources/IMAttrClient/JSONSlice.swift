import JSONTokens

/// A JSON value where it is in a line that has been checked, so that nothing is copied before it is needed.
struct JSONSlice: Hashable, Sendable {
    let line: [UInt8]
    let range: Range<Int>

    var bytes: [UInt8] { Array(line[range]) }
    /// Is before the value.
    var reader: JSONReader { JSONReader(line, from: range.lowerBound) }
}

/// What the sandbox says it has seen since its start.
struct SandboxReport: Decodable {
    /// Calls that arrived, refused ones among them.
    var calls: Int
    /// The most calls within any one second.
    var worstSecond: Int
    /// Calls by the `ErrorCode` that they were answered with.
    var refusals: [Int: Int]
    /// Calls that came when the second behind them was full, whatever they were answered with.
    var overLimit: Int
}

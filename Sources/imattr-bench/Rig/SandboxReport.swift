/// What the sandbox says it has seen since its start.
struct SandboxReport: Decodable {
    /// Calls that arrived, refused ones among them.
    var calls: Int
    /// The most calls within any one second.
    var worstSecond: Int
    /// Calls by the `ErrorCode` that they were answered with.
    var refusals: [Int: Int]

    /// Calls that came when the second behind them was full (the vendor's 60007).
    var overLimit: Int { refusals[60007] ?? 0 }
}

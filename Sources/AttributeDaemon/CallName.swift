/// How the log and `callId` name an upstream call. Most calls are never spoken of, so it is not put together before somebody asks.
struct CallName: CustomStringConvertible {
    /// Tells the calls of this process from those of its predecessors.
    let prefix: String
    let number: UInt64

    var description: String { "\(prefix)-\(number)" }
}

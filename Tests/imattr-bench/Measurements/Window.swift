import NIOCore

/// A stretch of time in which a load that runs already is looked at.
struct Window: Sendable {
    /// A load runs for so long before it counts: connections are made, and the daemon gets to know the round trip.
    static let warmUp = Duration.seconds(3)

    let range: Range<NIODeadline>

    /// Lets the load run for `seconds`.
    static func open(seconds: Int) async throws -> Window {
        let start = NIODeadline.now()
        try await Task.sleep(for: .seconds(seconds))
        return Window(range: start..<NIODeadline.now())
    }

    /// Its length in seconds.
    var length: Double { Double((range.upperBound - range.lowerBound).nanoseconds) / 1e9 }

    /// Its whole seconds, one after the other.
    var seconds: [Range<NIODeadline>] {
        (0..<Int64(length)).map {
            range.lowerBound + .seconds($0)..<range.lowerBound + .seconds($0 + 1)
        }
    }
}

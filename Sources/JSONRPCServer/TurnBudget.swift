import NIOCore

/// How much of one turn of the loop may be spent on taking lines: so many lines of a connection, and so much time for all
/// connections together.
struct TurnBudget {
    /// Lines, items of batches and withdrawals of one connection in one turn.
    static let maxSteps = 100
    /// Time for the lines of all connections in one turn.
    static let maxTime: TimeAmount = .milliseconds(5)
    /// The clock is read once in so many steps, and after a long line.
    private static let stepsBetweenLooks = 8
    private static let longLine = 16384

    /// What one connection has used of one turn.
    struct Share {
        fileprivate var steps = 0
        fileprivate var bytesSinceLook = 0
        fileprivate let start: NIODeadline
    }

    private var spent: TimeAmount = .zero

    /// Whether no connection may take another line in this turn.
    var isSpent: Bool { spent >= Self.maxTime }

    /// A new turn begins.
    mutating func begin() { spent = .zero }

    /// A connection begins to take lines.
    func share(at now: NIODeadline) -> Share { Share(start: now) }

    /// Notes a step of a connection.
    /// - Parameter bytes: How long the line was that was taken, or about that.
    /// - Returns: Whether the connection may take another step in this turn.
    func mayGoOn(_ share: inout Share, after bytes: Int, now: () -> NIODeadline) -> Bool {
        share.steps += 1
        share.bytesSinceLook += bytes
        if share.steps >= Self.maxSteps { return false }
        guard share.steps % Self.stepsBetweenLooks == 0 || share.bytesSinceLook >= Self.longLine else { return true }
        share.bytesSinceLook = 0
        return spent + (now() - share.start) < Self.maxTime
    }

    /// A connection has taken its lines.
    mutating func end(_ share: Share, at now: NIODeadline) { spent = spent + (now - share.start) }
}

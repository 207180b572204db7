import NIOCore

/// How much of one turn of the loop may be spent on taking lines: so many lines of a connection, and so much time for all
/// connections together.
struct TurnBudget {
    /// Lines, items of batches and withdrawals of one connection in one turn.
    static let maxSteps = 100
    /// Time for the lines of all connections in one turn.
    static let maxTime: TimeAmount = .milliseconds(5)
    /// The clock is read once in so many steps, and after the second one.
    private static let stepsBetweenLooks = 8
    /// Bytes of a line that is the last one of its turn: it may take longer than all time that there is.
    static let longLine = 16384

    /// What one connection has used of one turn.
    struct Share {
        fileprivate var steps = 0
        /// When the clock was read first; nil until then.
        fileprivate var start: NIODeadline?
    }

    private var spent: TimeAmount = .zero

    /// Whether no connection may take another line in this turn.
    var isSpent: Bool { spent >= Self.maxTime }

    /// A new turn begins.
    mutating func begin() { spent = .zero }

    /// What steps are taken to cost before the clock was read. Most connections have one line at a time, and to read the clock
    /// twice for it would be a tenth of what a `ping` costs (a release build, processor time of the loop).
    private static func estimate(bytes: Int) -> TimeAmount { .nanoseconds(5000 + 50 * Int64(bytes)) }

    /// Notes a step of a connection.
    /// - Parameter bytes: How long the line was that was taken, or about that.
    /// - Returns: Whether the connection may take another step in this turn.
    mutating func mayGoOn(_ share: inout Share, after bytes: Int, now: () -> NIODeadline) -> Bool {
        share.steps += 1
        if bytes >= Self.longLine { spent = Self.maxTime }
        if isSpent { return false }
        guard let start = share.start else {
            spent = spent + Self.estimate(bytes: bytes)
            if share.steps > 1 { share.start = now() }
            return !isSpent
        }
        if share.steps >= Self.maxSteps { return false }
        guard share.steps % Self.stepsBetweenLooks == 0 else { return true }
        return spent + (now() - start) < Self.maxTime
    }

    /// A connection has taken its lines.
    mutating func end(_ share: Share, now: () -> NIODeadline) {
        if let start = share.start { spent = spent + (now() - start) }
    }
}

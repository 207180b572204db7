/// What has come through the door, and what has not.
public struct ServerCounters: Hashable, Sendable {
    /// Connections that were served.
    public internal(set) var connections = 0
    /// Connections that were one too many, by the name of the limit.
    public internal(set) var refusedConnections = ["maxConnections": 0, "maxConnectionsPerUid": 0]
    /// Connections that were closed because their clients took no answers.
    public internal(set) var stuckConnections = 0
    /// Connections that lost their unread answers, a line that had not ended, or their place, since another principal had a
    /// right to the room, by the name of the limit.
    public internal(set) var displaced = ["maxConnections": 0, "maxBufferedBytes": 0]
    /// How often the process had no descriptor left for another connection.
    public internal(set) var descriptorShortages = 0
    /// Lines and items of batches that were no request, by the code of the error.
    public internal(set) var refusedLines: [Int: Int] = [:]
    /// Answers that gave way to an error because too many wait to be taken.
    public internal(set) var refusedAnswers = 0
}

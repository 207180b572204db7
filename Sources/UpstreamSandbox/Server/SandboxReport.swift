/// What a sandbox has seen since its start.
public struct SandboxReport: Sendable, Equatable, Encodable {
    /// Connections accepted.
    public var connections = 0
    /// Calls that arrived: whole requests to the endpoint's path by POST, refused ones and those of faults included.
    public var calls = 0
    /// Accounts in all these calls, as far as their bodies could be read.
    public var accounts = 0
    /// The most calls that arrived within any one second.
    public var worstSecond = 0
    /// Calls that arrived when the second that ends with them held more than the limit, whatever they were answered.
    public var overLimit = 0
    /// How many calls were answered with each `ErrorCode` other than 0, whatever the reason.
    public var refusals: [Int: Int] = [:]
    /// How many calls each kind of fault happened to, under the kind's name on the command line.
    public var faults: [String: Int] = [:]
    /// Requests with another path or method, which were answered with 404 or 405.
    public var otherRequests = 0
}

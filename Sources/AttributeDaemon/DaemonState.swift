import AttributeAPI

/// The daemon's state, and why it is not `ready`.
public struct DaemonState: Hashable, Sendable, CustomStringConvertible {
    /// The state.
    public let state: GetStatus.State
    /// What is wrong; empty when nothing is.
    public let reasons: [String]

    /// `degraded: …`, on one line.
    public var description: String {
        reasons.isEmpty ? state.rawValue : "\(state.rawValue): \(reasons.joined(separator: "; "))"
    }
}

/// What became of a reload.
public struct ReloadOutcome: Hashable, Sendable {
    /// Seconds since 1970.
    public let at: Int64
    /// What is wrong with the new configuration; empty if it is in force.
    public let problems: [String]
    /// Keys whose new values wait for a restart.
    public let keysForRestart: [String]

    /// Whether the new configuration is in force.
    public var succeeded: Bool { problems.isEmpty }
}

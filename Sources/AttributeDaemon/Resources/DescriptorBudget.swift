/// How the file descriptors of the process are divided: callers' connections get what the upstream, metrics and the
/// daemon itself leave.
///
/// Without a reserve, callers could connect until no call can be made any more, and no file be read.
public struct DescriptorBudget: Hashable, Sendable {
    /// What the daemon needs whatever callers do: standard streams (3), the event loop and what wakes it (6), listening
    /// sockets and the file of the slots (4), log and service manager (2), files that a reload reads (2), look-ups of the
    /// upstream's name (4), connections that are accepted only to be refused (3), and an administrator's connection (1).
    static let own = 25
    /// Connections to the upstream beyond the calls in progress: those that are being closed, or tried in parallel.
    static let upstreamSpare = 8

    /// Descriptors that the process may have open.
    let limit: Int
    /// Connections to the upstream.
    let upstream: Int
    /// Connections that ask for metrics over HTTP.
    let metrics: Int
    /// Callers' connections at once: as configured, or what is left.
    let connections: Int
    /// Upstream calls at once: as configured, or fewer if the upstream gets fewer descriptors.
    let inFlight: Int
    private let maxConnections: Int
    private let maxInFlight: Int

    /// Divides descriptors. Where they are too few for all, callers get half of what the daemon itself does not need.
    /// - Parameters:
    ///   - limit: Descriptors that the process may have open (RLIMIT_NOFILE).
    ///   - maxInFlight: Upstream calls at once, as configured.
    ///   - maxConnections: Callers' connections at once, as configured.
    init(limit: Int, maxInFlight: Int, maxConnections: Int) {
        self.limit = limit
        self.maxConnections = maxConnections
        self.maxInFlight = maxInFlight
        let available = max(0, limit - Self.own)
        let needed = maxInFlight + Self.upstreamSpare + MetricsServer.maximumConnections
        let reserve = min(needed, available / 2)
        metrics =
            reserve == needed ? MetricsServer.maximumConnections : min(MetricsServer.maximumConnections, reserve / 4)
        upstream = reserve - metrics
        inFlight = max(1, min(maxInFlight, upstream - min(Self.upstreamSpare, upstream / 4)))
        connections = max(1, min(maxConnections, available - reserve))
    }

    /// The division, on one line.
    var summary: String {
        """
        \(limit) file descriptors: \(connections) for callers, \(upstream) for the upstream, \(metrics) for metrics, \
        \(Self.own) for the daemon itself
        """
    }

    /// What becomes less than is configured, on one line; nil if nothing does.
    var shortage: String? {
        let changes = [("maxConnections", maxConnections, connections), ("maxInFlight", maxInFlight, inFlight)]
            .filter { $0.1 > $0.2 }.map { "\($0.0) \($0.1) becomes \($0.2)" }
        if changes.isEmpty { return nil }
        return "too few file descriptors: \(changes.joined(separator: " and ")); raise LimitNOFILE= or `ulimit -Hn`"
    }
}

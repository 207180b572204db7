import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPCServer
import UpstreamClient

extension DaemonCore {
    /// The metrics for callers, as the text of OpenMetrics. No secret, no account and no user is in it.
    private var metricsText: [UInt8] {
        let now = driver?.time() ?? .now()
        return texts.metrics.current(at: now)
            ?? texts.metrics.keep(makeMetrics(.openMetrics, withUsers: false, at: now), at: now)
    }

    /// The metrics for those who may know who uses the daemon, and the number of the build. No secret and no account is in them.
    private func metricsTextWithUsers(_ format: MetricsFormat) -> (text: [UInt8], build: Int) {
        let now = driver?.time() ?? .now()
        var shared = texts.metricsWithUsers[format] ?? SharedText()
        let text = shared.current(at: now) ?? shared.keep(makeMetrics(format, withUsers: true, at: now), at: now)
        texts.metricsWithUsers[format] = shared
        return (text, shared.builds)
    }

    /// What is answered over HTTP.
    var pages: HTTPPages {
        HTTPPages(
            metrics: { [weak self] in self?.metrics($0, compressed: $1) ?? ([], false) },
            readiness: { [weak self] in self?.readiness ?? .notReady(reason: "stopping", retryAfter: 1) })
    }

    private func metrics(_ format: MetricsFormat, compressed: Bool) -> (body: [UInt8], isCompressed: Bool) {
        let (body, build) = metricsTextWithUsers(format)
        if !compressed { return (body, false) }
        if let kept = texts.compressedMetrics, kept.format == format, kept.build == build { return (kept.file, true) }
        guard let file = Gzip.compress(body) else { return (body, false) }
        texts.compressedMetrics = (format, build, file)
        return (file, true)
    }

    private var readiness: HTTPPages.Readiness {
        let state = state
        return switch state.state {
        case .ready: .ready
        case .degraded:
            .notReady(
                reason: state.description, retryAfter: ((driver?.retryAfter?.millisecondsRoundedUp ?? 0) + 999) / 1000)
        case .misconfigured, .stopping: .notReady(reason: state.description, retryAfter: Self.retrySeconds)
        }
    }

    /// After which a daemon that cannot become ready on its own is looked at again.
    private static let retrySeconds: Int64 = 10

    /// The result of `getMetrics`. Of users only to administrators.
    func metricsJSON(for connection: any RPCConnection) -> [UInt8] {
        if isAdministrator(connection) { return GetMetrics.result(body: metricsTextWithUsers(.openMetrics).text) }
        let text = metricsText
        if let result = texts.metricsResult, result.build == texts.metrics.builds { return result.json }
        let json = GetMetrics.result(body: text)
        texts.metricsResult = (texts.metrics.builds, json)
        return json
    }

    private func makeMetrics(_ format: MetricsFormat, withUsers: Bool, at now: Moment) -> [UInt8] {
        var text = OpenMetricsText(format)
        let snapshot = DaemonSnapshot(self, withUsers: withUsers, at: now)
        for metric in Metric.allCases {
            text.begin(metric)
            metric.row.write(snapshot, &text)
        }
        text.end()
        return text.bytes
    }
}

/// The daemon's numbers at one moment.
struct DaemonSnapshot {
    let state: GetStatus.State
    let requests: RequestMetrics
    let door: ServerCounters
    let connections: Int
    let bufferedBytes: Int
    let lineBytes: Int
    /// The bounds of the door in force.
    let doorLimits: ServerLimits
    /// By uid; nil in what all callers may read.
    let users: [UInt32: DaemonCore.User]?
    /// Nil while there is no configuration, as what comes after it.
    let scheduler: CallScheduler.Snapshot?
    let calls: CallMetrics?
    let settings: Settings?
    /// Seconds since 1970; nil before the first call.
    let userSigExpiresAt: Int64?
    /// The rules in force.
    let rules: [RuleInForce]
    /// Requests that were refused because no rule matched.
    let refusedWithoutRule: Int
    /// Nil before the first one.
    let lastReload: ReloadOutcome?
    let loopTurns: Histogram
    let loopTurnsOnProcessor: Histogram
    let droppedLogEntries: Int
    /// Bytes; nil if there is no limit.
    let memoryLimit: Int?
    /// Seconds since 1970.
    let startTime: Int

    /// Users that each metric by user lists, at most.
    static let mostUsers = 20

    /// The users with the largest counts, by uid. Of equal ones the lower uid goes first; those with 0 are left out.
    static func most(_ counts: [UInt32: Int]) -> [(uid: UInt32, count: Int)] {
        counts.filter { $0.value > 0 }.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(mostUsers)
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    init(_ core: DaemonCore, withUsers: Bool, at now: Moment) {
        let serving = core.serving
        state = core.state.state
        requests = core.requests
        door = core.server.counters
        connections = core.server.connectionCount
        bufferedBytes = core.server.bufferedBytes
        lineBytes = core.server.lineBytes
        doorLimits = core.server.limits
        let scheduler = serving?.driver.snapshot(at: now, users: withUsers ? Self.mostUsers : 0)
        users = withUsers ? core.users(core.server.connectionFigures(), scheduler) : nil
        self.scheduler = scheduler
        calls = serving?.driver.metrics
        settings = serving?.settings
        userSigExpiresAt = serving?.upstream.userSigExpiresAt
        rules = core.access.rules
        refusedWithoutRule = core.access.refusedWithoutRule
        lastReload = core.lastReload
        loopTurns = core.loopTurns.histogram
        loopTurnsOnProcessor = core.loopTurns.processorHistogram
        droppedLogEntries = core.droppedLogEntries()
        memoryLimit = core.resources.memory?.bytes
        startTime = core.startTime
    }
}

extension Duration {
    /// Seconds, for a person or a program that draws them.
    var inSeconds: Double { Double(nanoseconds) / 1e9 }
}

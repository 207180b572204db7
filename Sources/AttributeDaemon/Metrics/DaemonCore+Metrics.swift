import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPCServer
import UpstreamClient

extension DaemonCore {
    /// All metrics, as the text of OpenMetrics. No secret, no account and no user is in it.
    var metricsText: [UInt8] {
        let now = driver?.time() ?? .now()
        return texts.metrics.current(at: now) ?? texts.metrics.keep(makeMetrics(.openMetrics, at: now), at: now)
    }

    private var classicMetricsText: [UInt8] {
        let now = driver?.time() ?? .now()
        return texts.classicMetrics.current(at: now)
            ?? texts.classicMetrics.keep(makeMetrics(.classic, at: now), at: now)
    }

    /// What is answered over HTTP.
    var pages: HTTPPages {
        HTTPPages(
            metrics: { [weak self] in self?.metrics($0, compressed: $1) ?? ([], false) },
            readiness: { [weak self] in self?.readiness ?? .notReady(reason: "stopping", retryAfter: 1) })
    }

    private func metrics(_ format: MetricsFormat, compressed: Bool) -> (body: [UInt8], isCompressed: Bool) {
        let (body, build) =
            switch format {
            case .openMetrics: (metricsText, texts.metrics.builds)
            case .classic: (classicMetricsText, texts.classicMetrics.builds)
            }
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

    /// The result of `getMetrics`.
    var metricsJSON: [UInt8] {
        let text = metricsText
        if let result = texts.metricsResult, result.build == texts.metrics.builds { return result.json }
        let json = GetMetrics.result(body: text)
        texts.metricsResult = (texts.metrics.builds, json)
        return json
    }

    private func makeMetrics(_ format: MetricsFormat, at now: Moment) -> [UInt8] {
        var text = OpenMetricsText(format)
        let snapshot = DaemonSnapshot(self, at: now)
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
    /// Seconds since 1970.
    let startTime: Int

    init(_ core: DaemonCore, at now: Moment) {
        let serving = core.serving
        state = core.state.state
        requests = core.requests
        door = core.server.counters
        connections = core.server.connectionCount
        bufferedBytes = core.server.bufferedBytes
        scheduler = serving?.driver.snapshot(at: now)
        calls = serving?.driver.metrics
        settings = serving?.settings
        userSigExpiresAt = serving?.upstream.userSigExpiresAt
        rules = core.access.rules
        refusedWithoutRule = core.access.refusedWithoutRule
        lastReload = core.lastReload
        loopTurns = core.loopTurns.histogram
        loopTurnsOnProcessor = core.loopTurns.processorHistogram
        droppedLogEntries = core.droppedLogEntries()
        startTime = core.startTime
    }
}

extension Duration {
    /// Seconds, for a person or a program that draws them.
    var inSeconds: Double { Double(nanoseconds) / 1e9 }
}

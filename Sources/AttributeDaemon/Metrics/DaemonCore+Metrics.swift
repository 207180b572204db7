import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPCServer
import UpstreamClient

extension DaemonCore {
    /// All metrics, as the text of OpenMetrics. No secret, no account and no user is in it.
    var metricsText: [UInt8] {
        let now = Moment.now()
        return texts.metrics.current(at: now) ?? texts.metrics.keep(makeMetrics(at: now), at: now)
    }

    /// The result of `getMetrics`.
    var metricsJSON: [UInt8] {
        let text = metricsText
        if let result = texts.metricsResult, result.build == texts.metrics.builds { return result.json }
        let json = GetMetrics.result(body: text)
        texts.metricsResult = (texts.metrics.builds, json)
        return json
    }

    private func makeMetrics(at now: Moment) -> [UInt8] {
        var text = OpenMetricsText()
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

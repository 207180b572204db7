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
        let scheduler = driver?.snapshot(at: now)
        for metric in Metric.allCases {
            text.begin(metric)
            write(metric, scheduler, to: &text)
        }
        text.end()
        return text.bytes
    }

    /// Writes the samples of a family. While there is no configuration, there is nothing of what depends on one.
    private func write(_ metric: Metric, _ scheduler: SchedulerSnapshot?, to text: inout OpenMetricsText) {
        switch metric {
        case .build: text.sample(1, [("version", Version.current)])
        case .state: text.states(GetStatus.State.allCases.map(\.rawValue), current: state.state.rawValue)

        case .requests: text.samples(requests.outcomesByMethod)
        case .notifications: text.sample(requests.notifications)
        case .requestDurationSeconds: text.samples(requests.durations)
        case .requestedAccounts: text.sample(requests.requestedAccounts)
        case .requestsFromMemory: text.sample(scheduler?.counters.fromMemory)

        case .linesRefused: text.samples(server.counters.refusedLines.map { ("\($0)", $1) }, label: "code")
        case .answersRefused: text.sample(server.counters.refusedAnswers)
        case .connections: text.sample(server.connectionCount)
        case .connectionsAccepted: text.sample(server.counters.connections)
        case .connectionsRefused: text.samples(server.counters.refusedConnections.map { ($0, $1) }, label: "limit")
        case .connectionsStuck: text.sample(server.counters.stuckConnections)
        case .connectionsDisplaced: text.samples(server.counters.displaced.map { ($0, $1) }, label: "limit")
        case .descriptorShortages: text.sample(server.counters.descriptorShortages)
        case .bufferedBytes: text.sample(server.bufferedBytes)

        case .queueRequests: text.sample(scheduler?.openRequests)
        case .queueAccounts: text.sample(scheduler?.waitingAccounts)
        case .queueOldestWaitSeconds: text.sample(scheduler.map { ($0.oldestWaiting ?? .zero).inSeconds })

        case .rateLimit: text.sample(settings?.rateLimit)
        case .rateLimitCurrent: text.sample(scheduler?.currentLimit)
        case .slotsHeld: text.sample(scheduler?.slotsHeld)
        case .roundTripCreditSeconds: text.sample(scheduler?.currentCredit.inSeconds)
        case .callsUnderWay: text.sample(scheduler?.callsUnderWay)
        case .callsUnderWayLimit: text.sample(settings?.maxInFlight)

        case .upstreamCalls: text.samples(driver?.metrics.outcomes.named ?? [], label: "outcome")
        case .upstreamCallsNeverSent: text.sample(scheduler?.counters.neverSent)
        case .upstreamCallDurationSeconds: text.samples(driver?.metrics.durations)
        case .upstreamCallAccounts: text.samples(driver?.metrics.accounts)
        case .upstreamFailuresInARow: text.sample(scheduler?.failuresInARow)
        case .upstreamRetries: text.sample(scheduler?.counters.retries)
        case .userSigRenewals: text.sample(scheduler?.counters.renewals)
        case .slowDowns: text.sample(scheduler?.counters.slowDowns)
        case .isolations: text.sample(scheduler?.counters.isolations)
        case .isolationCalls: text.sample(scheduler?.counters.isolationCalls)
        case .unrequestedAccounts: text.sample(driver?.unrequestedAccounts)

        case .heldAnswers: text.sample(scheduler?.heldAnswers.count)
        case .heldBytes: text.sample(scheduler?.heldAnswers.bytes)
        case .userSigExpiryTimestampSeconds: text.sample((upstream?.userSigExpiresAt).map { Int($0) })
        case .configLastReloadSuccessful: text.sample(lastReload.map { $0.succeeded ? 1 : 0 })
        case .configLastReloadTimestampSeconds: text.sample(lastReload.map { Int($0.at) })

        case .loopTurnSeconds: text.samples(loopTurns?.histogram)
        case .processStartTimeSeconds: text.sample(startTime)
        case .processCpuSeconds: text.sample(ProcessFigures.processorSeconds)
        case .processResidentMemoryBytes: text.sample(ProcessFigures.residentBytes)
        case .processOpenFds: text.sample(ProcessFigures.openDescriptors)
        case .processMaxFds: text.sample(ProcessFigures.maximumDescriptors)
        }
    }
}

extension OpenMetricsText {
    /// A sample for each method and outcome that has occurred.
    fileprivate mutating func samples(_ methods: [(name: String, outcomes: OutcomeCounts)]) {
        for (method, outcomes) in methods {
            for (outcome, count) in outcomes.named { sample(count, [("method", method), ("outcome", outcome)]) }
        }
    }

    /// A sample for each value of a label.
    fileprivate mutating func samples(_ counts: [(name: String, count: Int)], label: String) {
        for (name, count) in counts.sorted(by: { $0.name < $1.name }) { sample(count, [(label, name)]) }
    }

    /// The samples of a histogram, if there is one.
    fileprivate mutating func samples(_ histogram: Histogram?) {
        if let histogram { samples(histogram) }
    }
}

extension Duration {
    /// Seconds, for a person or a program that draws them.
    var inSeconds: Double { Double(nanoseconds) / 1e9 }
}

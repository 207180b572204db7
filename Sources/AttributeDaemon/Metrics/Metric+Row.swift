import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPCServer
import Rights

extension Metric {
    /// All that is known of a family.
    struct Row {
        let type: Kind
        /// What it says, for a person.
        let help: String
        /// The labels that samples have.
        let labels: [String]
        /// Writes its samples, if there are any.
        let write: (DaemonSnapshot, inout OpenMetricsText) -> Void
    }

    /// The table: one row a family. While there is no configuration, there is nothing of what depends on one.
    var row: Row {
        switch self {
        case .build:
            Row(.info, "The version of imattrd.", labels: ["version"]) { $1.sample(1, [("version", Version.current)]) }
        case .state:
            Row(.stateset, "The state of the daemon.", labels: [name]) {
                $1.states(GetStatus.State.allCases.map(\.rawValue), current: $0.state.rawValue)
            }
        case .requests:
            Row(
                .counter, "Requests that have ended: ok, withdrawn by their callers, or the code of the error.",
                labels: ["method", "outcome"]
            ) { snapshot, text in
                for (method, outcomes) in snapshot.requests.outcomesByMethod {
                    for (outcome, count) in outcomes.named {
                        text.sample(count, [("method", method), ("outcome", outcome)])
                    }
                }
            }
        case .notifications: .counter("Notifications that have come.") { $0.requests.notifications }
        case .requestDurationSeconds:
            .histogram("Time from reading a getAttrs request to its answer; not of those refused at once.") {
                $0.requests.durations
            }
        case .requestedAccounts:
            .counter("Accounts in the getAttrs requests that were taken.") { $0.requests.requestedAccounts }
        case .requestsFromMemory:
            .counter("Requests that were answered from held answers alone.") { $0.scheduler?.counters.fromMemory }
        case .linesRefused:
            .counter("Lines and items of batches that were no request, by the code of the error.", by: "code") {
                $0.door.refusedLines.map { ("\($0)", $1) }
            }
        case .answersRefused:
            .counter("Answers that gave way to an error because of maxBufferedBytes.") { $0.door.refusedAnswers }
        case .ruleRequests:
            .counter("Requests of the callers of each rule, which keeps its count while it keeps its name.", by: "rule")
            {
                $0.rules.map { ($0.rule.name, $0.use.requests) }
            }
        case .ruleAccounts:
            .counter("Accounts in the getAttrs requests of the callers of each rule.", by: "rule") {
                $0.rules.map { ($0.rule.name, $0.use.accounts) }
            }
        case .ruleRefusals:
            .counter("Requests that a rule has refused; with an empty name, since no rule matched.", by: "rule") {
                $0.rules.isEmpty ? [] : $0.rules.map { ($0.rule.name, $0.use.refused) } + [("", $0.refusedWithoutRule)]
            }
        case .connections: .gauge("Open connections.") { $0.connections }
        case .connectionsLimit:
            .gauge("Connections that may be open (maxConnections, or what the descriptors suffice for).") {
                $0.doorLimits.maxConnections
            }
        case .connectionsAccepted: .counter("Connections that were served.") { $0.door.connections }
        case .connectionsRefused:
            .counter("Connections that were refused, by the limit that was reached.", by: "limit") {
                $0.door.refusedConnections.map { ($0, $1) }
            }
        case .connectionsStuck:
            .counter("Connections that were closed because the caller did not read for writeTimeoutSeconds.") {
                $0.door.stuckConnections
            }
        case .connectionsDisplaced:
            .counter(
                "Connections that lost their place, an unfinished line or unread answers to users with less, by the limit.",
                by: "limit"
            ) {
                $0.door.displaced.map { ($0, $1) }
            }
        case .descriptorShortages:
            .counter("Times that accepting paused because no file descriptor was left.") { $0.door.descriptorShortages }
        case .bufferedBytes: .gauge("Answers that callers have not read yet.") { $0.bufferedBytes }
        case .lineBytes: .gauge("Lines that have not ended, or have not been taken yet.") { $0.lineBytes }
        case .bufferedLimitBytes:
            .gauge("What unread answers may come to, and apart from them lines (maxBufferedBytes).") {
                $0.doorLimits.maxBufferedBytes
            }
        case .queueRequests: .gauge("getAttrs requests that have not been answered.") { $0.scheduler?.openRequests }
        case .queueAccounts:
            .gauge("Accounts of all requests for which no call has left yet.") { $0.scheduler?.waitingAccounts }
        case .queueOldestWaitSeconds:
            .gauge("How long the oldest request has waited for a call to leave; 0 if none waits.") {
                $0.scheduler.map { ($0.oldestWaiting ?? .zero).inSeconds }
            }
        case .unansweredAccounts:
            .gauge("Accounts of all requests that have not been answered.") { $0.scheduler?.unansweredAccounts }
        case .unansweredAccountsLimit:
            .gauge("Accounts that requests without an answer may have (maxQueuedAccounts).") {
                $0.settings?.maxQueuedAccounts
            }
        case .userConnections:
            .users(.gauge, "Open connections of the users with the most.") { $0.connections }
        case .userConnectionsLimit:
            .gauge("Connections that a user may have (maxConnectionsPerUid).") { $0.doorLimits.maxConnectionsPerUID }
        case .userUnansweredAccounts:
            .users(.gauge, "Accounts of unanswered requests, of the users with the most.") { $0.unansweredAccounts }
        case .userUnansweredAccountsLimit:
            .gauge("Accounts that a user's requests without an answer may have (maxQueuedAccountsPerUid).") {
                $0.settings?.maxQueuedAccountsPerUID
            }
        case .userRequestedAccounts:
            .users(.counter, "Accounts in the getAttrs requests of the users that have asked for most.") {
                $0.use.items
            }
        case .rateLimit: .gauge("Calls in any second, as configured.") { $0.settings?.rateLimit }
        case .rateLimitCurrent:
            .gauge("Calls in any second at present: fewer after upstream has refused some for frequency.") {
                $0.scheduler?.currentLimit
            }
        case .slotsHeld: .gauge("Calls that the upstream server may still count.") { $0.scheduler?.slotsHeld }
        case .roundTripCreditSeconds:
            .gauge("The part of the round trip by which the limiter frees slots earlier.") {
                $0.scheduler?.currentCredit.inSeconds
            }
        case .callsUnderWay: .gauge("Upstream calls that have not been answered.") { $0.scheduler?.callsUnderWay }
        case .callsUnderWayLimit:
            .gauge("Upstream calls that may be in flight (maxInFlight).") { $0.settings?.maxInFlight }
        case .upstreamCalls:
            .counter("Upstream calls that have ended: ok, or Tencent's code, or -32002.", by: "outcome") {
                $0.calls?.outcomes.named ?? []
            }
        case .upstreamCallsNeverSent:
            .counter("Upstream calls for which no connection was made.") { $0.scheduler?.counters.neverSent }
        case .upstreamCallDurationSeconds:
            .histogram("Time from starting an upstream call to its end.") { $0.calls?.durations }
        case .upstreamCallAccounts: .histogram("Accounts in an upstream call.") { $0.calls?.accounts }
        case .upstreamFailuresInARow:
            .gauge("Failed upstream calls since the last good one.") { $0.scheduler?.failuresInARow }
        case .upstreamRetries:
            .counter("Failed upstream calls that were repeated after a while.") { $0.scheduler?.counters.retries }
        case .userSigRenewals:
            .counter("Upstream calls that were repeated with a new UserSig.") { $0.scheduler?.counters.renewals }
        case .slowDowns:
            .counter("Times that the limit was halved because upstream refused calls for their frequency.") {
                $0.scheduler?.counters.slowDowns
            }
        case .isolations:
            .counter("Upstream calls that were divided to find the account at fault.") {
                $0.scheduler?.counters.isolations
            }
        case .isolationCalls:
            .counter("Upstream calls that were made for that.") { $0.scheduler?.counters.isolationCalls }
        case .unrequestedAccounts:
            .counter("Accounts in upstream's answers that no caller had asked for.") { $0.calls?.unrequestedAccounts }
        case .heldAnswers: .gauge("Answers held for maxAgeMs.") { $0.scheduler?.heldAnswers.count }
        case .heldBytes: .gauge("Size of the answers held for maxAgeMs.") { $0.scheduler?.heldAnswers.bytes }
        case .heldLimitBytes:
            .gauge("Size that the answers held for maxAgeMs may have (cacheMaxBytes).") { $0.settings?.cacheMaxBytes }
        case .userSigExpiryTimestampSeconds:
            .gauge("When the UserSig in use expires; absent before the first call.") { $0.userSigExpiresAt }
        case .configLastReloadSuccessful:
            .gauge("Whether the last reload was put in force; absent before the first one.") {
                $0.lastReload.map { $0.succeeded ? 1 : 0 }
            }
        case .configLastReloadTimestampSeconds:
            .gauge("When the last reload was tried; absent before the first one.") { $0.lastReload?.at }
        case .loopTurnSeconds:
            .histogram(
                "How long the turns of the event loop took: of all that took long, and of some others."
            ) { $0.loopTurns }
        case .loopTurnProcessorSeconds:
            .histogram("Processor time that the same turns of the event loop took.") { $0.loopTurnsOnProcessor }
        case .logEntriesDropped:
            .counter("Log entries that were dropped, because they were not taken in time.") { $0.droppedLogEntries }
        case .processStartTimeSeconds: .gauge("When the daemon was started.") { $0.startTime }
        case .processCpuSeconds:
            .counter("Processor time that the daemon has used.") { _ in ProcessFigures.processorSeconds }
        case .processResidentMemoryBytes:
            .gauge("Memory of the daemon that is present.") { _ in ProcessFigures.residentBytes }
        case .processMemoryLimitBytes:
            .gauge("Memory that the daemon could have when it was started (MemoryMax=, or the machine's).") {
                $0.memoryLimit
            }
        case .processOpenFds: .gauge("Open file descriptors.") { _ in ProcessFigures.openDescriptors }
        case .processMaxFds: .gauge("File descriptors that may be open.") { _ in ProcessFigures.maximumDescriptors }
        }
    }
}

// MARK: Making rows

extension Metric.Row {
    fileprivate init(
        _ type: Metric.Kind, _ help: String, labels: [String],
        write: @escaping (DaemonSnapshot, inout OpenMetricsText) -> Void
    ) {
        self.init(type: type, help: help, labels: labels, write: write)
    }

    fileprivate static func counter<Value: CustomStringConvertible>(
        _ help: String, _ value: @escaping (DaemonSnapshot) -> Value?
    ) -> Self {
        Self(.counter, help, labels: []) { $1.sample(value($0)) }
    }

    /// - Parameter label: What distinguishes the counts.
    fileprivate static func counter(
        _ help: String, by label: String, _ counts: @escaping (DaemonSnapshot) -> [(name: String, count: Int)]
    ) -> Self {
        Self(.counter, help, labels: [label]) { snapshot, text in
            for (name, count) in counts(snapshot).sorted(by: { $0.name < $1.name }) {
                text.sample(count, [(label, name)])
            }
        }
    }

    fileprivate static func gauge<Value: CustomStringConvertible>(
        _ help: String, _ value: @escaping (DaemonSnapshot) -> Value?
    ) -> Self {
        Self(.gauge, help, labels: []) { $1.sample(value($0)) }
    }

    /// - Parameter figure: What is given of a user.
    fileprivate static func users(
        _ type: Metric.Kind, _ help: String, _ figure: @escaping (DaemonCore.User) -> Int
    ) -> Self {
        Self(type, help, labels: ["uid"]) { snapshot, text in
            for (uid, count) in DaemonSnapshot.most((snapshot.users ?? [:]).mapValues(figure)) {
                text.sample(count, [("uid", "\(uid)")])
            }
        }
    }

    fileprivate static func histogram(_ help: String, _ histogram: @escaping (DaemonSnapshot) -> Histogram?) -> Self {
        Self(.histogram, help, labels: ["le"]) { snapshot, text in
            if let histogram = histogram(snapshot) { text.samples(histogram) }
        }
    }
}

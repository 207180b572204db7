extension Metric {
    /// What kind of numbers it has.
    public var type: Kind {
        switch self {
        case .build: .info
        case .state: .stateset
        case .requestDurationSeconds, .upstreamCallDurationSeconds, .upstreamCallAccounts, .loopTurnSeconds: .histogram
        case .requests, .notifications, .requestedAccounts, .requestsFromMemory, .linesRefused, .answersRefused,
            .connectionsAccepted, .connectionsRefused, .connectionsStuck, .connectionsDisplaced,
            .descriptorShortages, .upstreamCalls, .upstreamCallsNeverSent, .upstreamRetries, .userSigRenewals,
            .slowDowns, .isolations, .isolationCalls, .unrequestedAccounts,
            .processCpuSeconds:
            .counter
        case .connections, .bufferedBytes, .queueRequests, .queueAccounts, .queueOldestWaitSeconds, .rateLimit,
            .rateLimitCurrent, .slotsHeld, .roundTripCreditSeconds, .callsUnderWay, .callsUnderWayLimit,
            .upstreamFailuresInARow, .heldAnswers, .heldBytes, .userSigExpiryTimestampSeconds,
            .configLastReloadSuccessful, .configLastReloadTimestampSeconds, .processStartTimeSeconds,
            .processResidentMemoryBytes, .processOpenFds, .processMaxFds:
            .gauge
        }
    }

    /// What it tells, for a person.
    public var help: String {
        switch self {
        case .build: "The version of imattrd."
        case .state: "The state of the daemon."
        case .requests: "Requests that have ended: ok, withdrawn by their callers, or the code of the error."
        case .notifications: "Notifications that have come."
        case .requestDurationSeconds:
            "Time from reading a getAttrs request to its answer; not of those refused at once."
        case .requestedAccounts: "Accounts in the getAttrs requests that were taken."
        case .requestsFromMemory: "Requests that were answered from held answers alone."
        case .linesRefused: "Lines and items of batches that were no request, by the code of the error."
        case .answersRefused: "Answers that gave way to an error because of maxBufferedBytes."
        case .connections: "Open connections."
        case .connectionsAccepted: "Connections that were served."
        case .connectionsRefused: "Connections that were one too many, by the limit that they met."
        case .connectionsStuck: "Connections that were closed because the caller did not read for writeTimeoutSeconds."
        case .connectionsDisplaced:
            "Connections that lost their place, an unfinished line or unread answers to users with less, by the limit."
        case .descriptorShortages: "Times that accepting paused because no file descriptor was left."
        case .bufferedBytes: "Answers that callers have not read yet."
        case .queueRequests: "getAttrs requests that have not been answered."
        case .queueAccounts: "Accounts of all requests for which no call has left yet."
        case .queueOldestWaitSeconds: "How long the oldest request has waited for a call to leave; 0 if none waits."
        case .rateLimit: "Calls in any second, as configured."
        case .rateLimitCurrent: "Calls in any second at present: fewer after upstream has refused some for frequency."
        case .slotsHeld: "Calls that the upstream server may still count."
        case .roundTripCreditSeconds: "The part of the round trip that the limiter counts on."
        case .callsUnderWay: "Upstream calls that have not been answered."
        case .callsUnderWayLimit: "Upstream calls that may be in flight (maxInFlight)."
        case .upstreamCalls: "Upstream calls that have ended: ok, or Tencent's code, or -32002."
        case .upstreamCallsNeverSent: "Upstream calls for which no connection was made."
        case .upstreamCallDurationSeconds: "Time from starting an upstream call to its end."
        case .upstreamCallAccounts: "Accounts in an upstream call."
        case .upstreamFailuresInARow: "Failed upstream calls since the last good one."
        case .upstreamRetries: "Failed upstream calls that were repeated after a while."
        case .userSigRenewals: "Upstream calls that were repeated with a new UserSig."
        case .slowDowns: "Times that the limit was halved because upstream refused calls for their frequency."
        case .isolations: "Upstream calls that were divided to find the account at fault."
        case .isolationCalls: "Upstream calls that were made for that."
        case .unrequestedAccounts: "Accounts in upstream's answers that no caller had asked for."
        case .heldAnswers: "Answers held for maxAgeMs."
        case .heldBytes: "Size of the answers held for maxAgeMs."
        case .userSigExpiryTimestampSeconds: "When the UserSig in use expires; absent before the first call."
        case .configLastReloadSuccessful: "Whether the last reload was put in force; absent before the first one."
        case .configLastReloadTimestampSeconds: "When the last reload was tried; absent before the first one."
        case .loopTurnSeconds: "How long the turns of the event loop took in which anything was done."
        case .processStartTimeSeconds: "When the daemon was started."
        case .processCpuSeconds: "Processor time that the daemon has used."
        case .processResidentMemoryBytes: "Memory of the daemon that is present."
        case .processOpenFds: "Open file descriptors."
        case .processMaxFds: "File descriptors that may be open."
        }
    }
}

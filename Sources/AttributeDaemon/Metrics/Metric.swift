/// The families of metrics that the daemon has, in the order in which they are written.
public enum Metric: String, CaseIterable, Sendable {
    case build, state
    case requests, notifications, requestDurationSeconds, requestedAccounts, requestsFromMemory
    case linesRefused, answersRefused
    case ruleRequests, ruleAccounts, ruleRefusals
    case connections, connectionsLimit, connectionsAccepted, connectionsRefused, connectionsStuck, connectionsDisplaced
    case descriptorShortages, bufferedBytes, lineBytes, bufferedLimitBytes
    case queueRequests, queueAccounts, queueOldestWaitSeconds, unansweredAccounts, unansweredAccountsLimit
    case userConnections, userConnectionsLimit, userUnansweredAccounts, userUnansweredAccountsLimit
    case userRequestedAccounts
    case rateLimit, rateLimitCurrent, slotsHeld, roundTripCreditSeconds, callsUnderWay, callsUnderWayLimit
    case upstreamCalls, upstreamCallsNeverSent, upstreamCallDurationSeconds, upstreamCallAccounts
    case upstreamFailuresInARow, upstreamRetries, userSigRenewals, slowDowns, isolations, isolationCalls
    case unrequestedAccounts
    case heldAnswers, heldBytes, heldLimitBytes, userSigExpiryTimestampSeconds
    case configLastReloadSuccessful, configLastReloadTimestampSeconds
    case loopTurnSeconds, loopTurnProcessorSeconds, logEntriesDropped
    case processStartTimeSeconds, processCpuSeconds, processResidentMemoryBytes, processMemoryLimitBytes
    case processOpenFds, processMaxFds

    /// What kind of numbers a family has.
    public enum Kind: String, Sendable {
        case counter, gauge, histogram, info, stateset

        /// What follows the family's name in a sample.
        var suffix: String {
            switch self {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram, .stateset: ""
            }
        }
    }

    /// `imattrd_request_duration_seconds` for `requestDurationSeconds`.
    public var name: String {
        let words = rawValue.replacing("userSig", with: "usersig")
        var name = "imattrd_"
        for character in words {
            if character.isUppercase { name += "_" }
            name += character.lowercased()
        }
        return name
    }

    /// The unit, with which the name ends; nil for plain numbers.
    public var unit: String? { ["seconds", "bytes"].first { name.hasSuffix("_" + $0) } }

    /// What kind of numbers it has.
    public var type: Kind { row.type }

    /// What it says, for a person.
    public var help: String { row.help }

    /// The labels that samples have.
    public var labels: [String] { row.labels }
}

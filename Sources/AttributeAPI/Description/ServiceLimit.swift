import JSONRPC
import JSONTokens

/// The bounds that a caller can meet, by the names that errors have in `limitName`.
public enum ServiceLimit: String, CaseIterable, Sendable {
    case rateLimit, maxInFlight, maxAccountsPerRequest
    case maxQueuedAccounts, maxQueuedAccountsPerUid, maxConnections, maxConnectionsPerUid, maxBufferedBytes
    case maxLineBytes, writeTimeoutSeconds, upstreamTimeoutMs, cacheMaxBytes
    case maxBatchLength, maxIdLength, maxOtherMembers, maxNesting

    /// The value of one that no configuration changes; nil of the others.
    public var fixedValue: Int? {
        switch self {
        case .maxBatchLength: Message.maximumBatchLength
        case .maxIdLength: RequestID.maximumLength
        case .maxOtherMembers: Message.maximumOtherMembers
        case .maxNesting: JSONReader.maximumDepth
        case .rateLimit, .maxInFlight, .maxAccountsPerRequest, .maxQueuedAccounts, .maxQueuedAccountsPerUid,
            .maxConnections, .maxConnectionsPerUid, .maxBufferedBytes, .maxLineBytes, .writeTimeoutSeconds,
            .upstreamTimeoutMs, .cacheMaxBytes:
            nil
        }
    }

    /// What is bounded, for a person.
    var meaning: String {
        switch self {
        case .rateLimit: "Upstream calls in any second at the server."
        case .maxInFlight: "Upstream calls in flight at once."
        case .maxAccountsPerRequest: "Accounts that a request may name, repetitions included."
        case .maxQueuedAccounts: "Accounts that wait, over all requests."
        case .maxQueuedAccountsPerUid: "Accounts that wait, over all requests of one user."
        case .maxConnections: "Connections at once."
        case .maxConnectionsPerUid: "Connections of one user at once."
        case .maxBufferedBytes: "Bytes of answers not yet read, over all connections."
        case .maxLineBytes: "Bytes in a line, without its end."
        case .writeTimeoutSeconds: "Seconds that a caller may leave its answers unread."
        case .upstreamTimeoutMs: "Milliseconds for one upstream call."
        case .cacheMaxBytes: "Bytes of answers held for maxAgeMs."
        case .maxBatchLength: "Requests in a batch."
        case .maxIdLength: "Bytes in an id."
        case .maxOtherMembers: "Members of a request that JSON-RPC does not know."
        case .maxNesting: "Arrays and objects inside each other."
        }
    }
}

/// The limits in force; those that depend on a configuration which is not there are missing.
public struct LimitsInForce: Hashable, Sendable {
    private var values: [ServiceLimit: Int] = [:]

    /// Only what no configuration changes.
    public init() {
        for limit in ServiceLimit.allCases { values[limit] = limit.fixedValue }
    }

    /// The value of a limit; nil if it is not known. What is fixed stays.
    public subscript(limit: ServiceLimit) -> Int? {
        get { values[limit] }
        set { values[limit] = limit.fixedValue ?? newValue }
    }

    /// All that are known, in a fixed order.
    var json: JSONTree {
        JSONTree(
            members: ServiceLimit.allCases.compactMap { limit in
                guard let value = values[limit] else { return nil }
                let description: JSONTree = [
                    "value": .integer(value), "description": .string(limit.meaning),
                    "configurable": .boolean(limit.fixedValue == nil),
                ]
                return (limit.rawValue, description)
            })
    }
}

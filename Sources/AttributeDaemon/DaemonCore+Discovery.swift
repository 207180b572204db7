import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import JSONRPCServer
import NIOCore
import Rights
import UpstreamClient

extension DaemonCore {
    /// The result of `rpc.discover`: the methods that a connection is served.
    func discoveryJSON(for connection: any RPCConnection) -> [UInt8] {
        if isAdministrator(connection) { return makeDiscovery(MethodName.allCases) }
        let now = Moment.now()
        if case .rule(let inForce) = access.standing(of: connection), inForce.rule.methods != nil {
            var text = texts.discoveryByRule[inForce.rule.name] ?? SharedText()
            let json = text.current(at: now) ?? text.keep(makeDiscovery(methods(for: connection)), at: now)
            texts.discoveryByRule[inForce.rule.name] = text
            return json
        }
        return texts.discovery.current(at: now) ?? texts.discovery.keep(makeDiscovery(MethodName.forCallers), at: now)
    }

    private func makeDiscovery(_ methods: [MethodName]) -> [UInt8] {
        Discover.document(
            version: Version.current, socketPaths: server.socketPaths, limits: limitsInForce, methods: methods
        ).json
    }

    /// Without a usable configuration only those of the door.
    private var limitsInForce: LimitsInForce {
        var limits = LimitsInForce()
        for limit in ServiceLimit.allCases { limits[limit] = value(of: limit) }
        return limits
    }

    private func value(of limit: ServiceLimit) -> Int? {
        switch limit {
        case .rateLimit: settings?.rateLimit
        case .maxInFlight: settings?.maxInFlight
        case .maxAccountsPerRequest: settings?.maxAccountsPerRequest
        case .maxQueuedAccounts: settings?.maxQueuedAccounts
        case .maxQueuedAccountsPerUid: settings?.maxQueuedAccountsPerUID
        case .maxConnections: server.limits.maxConnections
        case .maxConnectionsPerUid: server.limits.maxConnectionsPerUID
        case .maxBufferedBytes: server.limits.maxBufferedBytes
        case .maxLineBytes: server.limits.maxLineBytes
        case .writeTimeoutSeconds: Int(server.limits.writeTimeout.nanoseconds / 1_000_000_000)
        case .upstreamTimeoutMs: (settings?.upstream.timeout).map { Int($0.millisecondsRoundedUp) }
        case .cacheMaxBytes: settings?.cacheMaxBytes
        case .maxBatchLength, .maxIdLength, .maxOtherMembers, .maxNesting: limit.fixedValue
        }
    }
}

import JSONRPC

/// The methods that the daemon serves.
public enum MethodName: String, CaseIterable, Sendable {
    case getAttrs
    case getStatus
    case getMetrics
    case ping
    case discover = "rpc.discover"
    /// A notification only.
    case cancelRequest = "$/cancelRequest"
    case reload
    case setLogLevel
    case getCallers

    /// Whether it is served for administrators alone.
    public var isAdministrative: Bool {
        switch self {
        case .reload, .setLogLevel, .getCallers: true
        case .getAttrs, .getStatus, .getMetrics, .ping, .discover, .cancelRequest: false
        }
    }

    /// The methods that every caller is served.
    public static let forCallers = allCases.filter { !$0.isAdministrative }

    /// Its place among all, for what is counted by method.
    public var index: Int {
        switch self {
        case .getAttrs: 0
        case .getStatus: 1
        case .getMetrics: 2
        case .ping: 3
        case .discover: 4
        case .cancelRequest: 5
        case .reload: 6
        case .setLogLevel: 7
        case .getCallers: 8
        }
    }

    /// The method of this name; nil if there is none.
    public init?(name: String) {
        guard let method = Self.named.first(where: { $0.length == name.utf8.count && $0.name == name }) else {
            return nil
        }
        self = method.method
    }

    // Made once: this is asked for every request.
    private static let named = allCases.map { (length: $0.rawValue.utf8.count, name: $0.rawValue, method: $0) }
}

extension MethodName {
    /// What the method takes, gives and may refuse.
    public func description(_ limits: LimitsInForce) -> MethodDescription {
        switch self {
        case .getAttrs: GetAttrs.description(limits)
        case .getStatus: GetStatus.description
        case .getMetrics: GetMetrics.description
        case .ping: Ping.description
        case .discover: Discover.description
        case .cancelRequest: CancelRequest.description
        case .reload: Reload.description
        case .setLogLevel: SetLogLevel.description
        case .getCallers: GetCallers.description
        }
    }
}

extension JSONRPC.Params {
    /// Checks that there are none.
    public func expectNone() throws(ErrorObject) { try read([]) { _, _ in } }
}

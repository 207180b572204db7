/// The methods that the daemon serves.
public enum MethodName: String, CaseIterable, Sendable {
    case getAttrs
    case getStatus
    case getMetrics
    case ping
    case discover = "rpc.discover"
    /// A notification only.
    case cancelRequest = "$/cancelRequest"

    /// Its place among all, for what is counted by method.
    public var index: Int {
        switch self {
        case .getAttrs: 0
        case .getStatus: 1
        case .getMetrics: 2
        case .ping: 3
        case .discover: 4
        case .cancelRequest: 5
        }
    }
}

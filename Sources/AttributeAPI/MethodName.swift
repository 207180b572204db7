/// The methods that the daemon serves.
public enum MethodName: String, CaseIterable, Sendable {
    case getAttrs
    case getStatus
    case ping
    case discover = "rpc.discover"
    /// A notification only.
    case cancelRequest = "$/cancelRequest"
}

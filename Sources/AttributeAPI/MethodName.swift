/// The methods that the daemon serves.
public enum MethodName: String, CaseIterable, Sendable {
    case getAttrs
    case getStatus
    case ping
    /// A notification only.
    case cancelRequest = "$/cancelRequest"
}

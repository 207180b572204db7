/// What the client needs to know of the app and of the server.
public struct UpstreamConfiguration: Hashable, Sendable {
    /// `SDKAppID`.
    public var sdkAppID: UInt64
    /// The admin account (`identifier`).
    public var admin: String
    /// The server.
    public var endpoint: Endpoint
    /// Nil: the system's.
    public var trustRoots: TrustRoots?
    /// How long one call may take, connecting included.
    public var timeout: Duration
    /// Seconds for which a UserSig is valid.
    public var userSigLifetime: Int64

    /// Describes the app and the server.
    public init(
        sdkAppID: UInt64, admin: String, endpoint: Endpoint, trustRoots: TrustRoots? = nil,
        timeout: Duration = .seconds(5), userSigLifetime: Int64 = 3600
    ) {
        self.sdkAppID = sdkAppID
        self.admin = admin
        self.endpoint = endpoint
        self.trustRoots = trustRoots
        self.timeout = timeout
        self.userSigLifetime = userSigLifetime
    }
}

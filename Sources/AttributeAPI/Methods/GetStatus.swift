import JSONRPC

/// `getStatus`: what state the daemon is in, and why.
public enum GetStatus {
    /// The states of the daemon.
    public enum State: String, CaseIterable, Sendable {
        /// Requests are served.
        case ready
        /// Requests are taken, but upstream or our credential keeps them from being served well.
        case degraded
        /// There is no usable configuration or credential.
        case misconfigured
        /// The daemon ends what is under way and takes no more.
        case stopping
    }

    /// Checks that there are no params.
    public static func check(_ params: JSONRPC.Params) throws(ErrorObject) {
        try params.read([]) { _, _ in }
    }
}

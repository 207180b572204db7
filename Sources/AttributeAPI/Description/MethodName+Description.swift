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
        }
    }
}

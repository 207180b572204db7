import AttributeValues

/// What the last calls say about upstream, beyond what keeps calls from leaving.
struct UpstreamHealth {
    /// The last failure since the last good call.
    private(set) var lastFailure: CallFailure?

    mutating func note(_ end: CallEnd) {
        // If upstream refused an account, that is its caller's affair.
        lastFailure = end.failure.flatMap { $0.cause == .account ? nil : $0 }
    }
}

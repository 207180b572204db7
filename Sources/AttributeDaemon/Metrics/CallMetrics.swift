import AttributeValues

/// What the upstream calls were like so far.
struct CallMetrics {
    /// How they ended.
    private(set) var outcomes = OutcomeCounts()
    /// Seconds that they took.
    private(set) var durations = Histogram(bounds: Histogram.seconds)
    /// Accounts that they asked for.
    private(set) var accounts = Histogram(bounds: Histogram.accounts)

    /// Accounts in upstream's answers that were not asked for.
    private(set) var unrequestedAccounts = 0

    mutating func count(_ end: CallEnd, took duration: Duration, accounts count: Int) {
        switch end.result {
        case .success(let answer):
            outcomes.countOK()
            unrequestedAccounts += answer.unrequested
        case .failure(let failure): outcomes.count(code: failure.code)
        }
        durations.add(duration.inSeconds)
        accounts.add(Double(count))
    }
}

/// What the last calls say about upstream, beyond what keeps calls from leaving.
struct UpstreamHealth {
    /// The last failure since the last good call.
    private(set) var lastFailure: CallFailure?

    mutating func note(_ end: CallEnd) {
        // If upstream refused an account, that is its caller's affair.
        lastFailure = end.failure.flatMap { $0.cause == .account ? nil : $0 }
    }
}

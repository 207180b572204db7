import AttributeValues
import CallScheduling

/// What the upstream calls were like so far.
struct CallMetrics {
    /// How they ended.
    private(set) var outcomes = OutcomeCounts()
    /// Seconds that they took.
    private(set) var durations = Histogram(bounds: Histogram.seconds)
    /// Accounts that they asked for.
    private(set) var accounts = Histogram(bounds: Histogram.accounts)

    mutating func countEnd(_ failure: CallFailure?, took duration: Duration, accounts count: Int) {
        if let failure { outcomes.count(code: failure.code) } else { outcomes.countOK() }
        durations.add(duration.inSeconds)
        accounts.add(Double(count))
    }
}

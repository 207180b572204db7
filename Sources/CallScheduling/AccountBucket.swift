import AttributeValues

/// How many accounts a rule may send into calls: so many a second in the long run, and a second's at once after a pause.
///
/// As in ``Pacer``, what is left is kept as the moment at which the bucket is full again.
struct AccountBucket: Sendable {
    /// Tokens that come in a second.
    let rate: Int
    /// Tokens that it holds: a second's, and at least those of a full call, which else could never leave full.
    let capacity: Int
    private var fullAt: Moment

    /// A full bucket.
    /// - Parameter accountsPerCall: Accounts in a full call.
    init(rate: Int, accountsPerCall: Int, now: Moment) {
        self.rate = max(1, rate)
        capacity = max(self.rate, accountsPerCall)
        fullAt = now
    }

    /// The same at another rate: what has been used up stays so.
    func changed(rate: Int, accountsPerCall: Int, now: Moment) -> AccountBucket {
        var other = AccountBucket(rate: rate, accountsPerCall: accountsPerCall, now: now)
        let used = Double(max(0, (fullAt - now).nanoseconds)) / Double(spacing)
        other.fullAt = now + .nanoseconds(Int64(min(used, Double(other.capacity)) * Double(other.spacing)))
        return other
    }

    /// Nanoseconds between two tokens, rounded up, so that there are never more than was said.
    private var spacing: Int64 { (1_000_000_000 + Int64(rate) - 1) / Int64(rate) }

    /// Whether a token is left.
    func hasToken(at now: Moment) -> Bool {
        (fullAt - now).nanoseconds <= spacing * Int64(capacity - 1)
    }

    /// Takes a token. Only while there is one.
    mutating func take(now: Moment) { fullAt = max(fullAt, now) + .nanoseconds(spacing) }

    /// When so many tokens more have come, which are taken as they come.
    func earliest(of count: Int, now: Moment) -> Moment {
        max(now, max(fullAt, now) + .nanoseconds(spacing * Int64(count - capacity)))
    }

    /// When it is worth to look again after the last token was taken: once there are enough for a full call, or a tenth of a second's. A
    /// call for each token would cost as many calls as there are accounts.
    func refill(accountsPerCall: Int, now: Moment) -> Moment {
        earliest(of: min(max(1, rate / 10), accountsPerCall), now: now)
    }
}

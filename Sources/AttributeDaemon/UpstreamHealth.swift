import AttributeValues
import CallScheduling

/// What the last calls say of upstream, beyond what keeps calls from leaving.
struct UpstreamHealth {
    /// The last failure since the last good call.
    private(set) var lastFailure: CallFailure?
    /// Accounts of the last call that failed with a code that says nothing of what to do.
    private var unexplained: Set<Account> = []
    private var isUnexplained = false

    mutating func note(_ end: CallEnd, of accounts: [Account]) {
        guard let failure = end.failure, failure.cause != .account else {
            // Upstream serves; if it refused an account, that is its caller's affair.
            self = UpstreamHealth()
            return
        }
        if failure.kind == .unknownCode {
            // One call may have met an account that upstream dislikes. Two calls without one in common have not.
            isUnexplained =
                lastFailure?.code == failure.code && (isUnexplained || unexplained.isDisjoint(with: accounts))
            unexplained = Set(accounts)
        }
        lastFailure = failure
    }

    /// Why the service is worse than it should be; nil if it is not.
    var degradation: String? { isUnexplained ? lastFailure?.message : nil }
}

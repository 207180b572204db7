import Synchronization

/// A call, as its caller speaks of it to the event loop.
final class PendingCall: Sendable {
    /// What calls of one job have in common.
    final class Job: Sendable {
        private let failed = Atomic<Bool>(false)

        var hasFailed: Bool { failed.load(ordering: .acquiring) }

        /// The first failure ends the job: no call of it is to be sent any more, though its caller is just about to.
        func noteFailure() { failed.store(true, ordering: .releasing) }
    }

    let id: Int
    private let job: Job?
    private let withdrawn = Atomic<Bool>(false)

    init(id: Int, job: Job? = nil) {
        self.id = id
        self.job = job
    }

    /// Whether the caller has given it up, perhaps before the event loop has heard of it, or will as its job has failed.
    var isWithdrawn: Bool { withdrawn.load(ordering: .acquiring) || job?.hasFailed == true }

    /// To be noted before the event loop is notified.
    func noteWithdrawal() { withdrawn.store(true, ordering: .releasing) }
}

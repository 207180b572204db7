import Synchronization

/// A call, as its caller speaks of it to the event loop.
final class PendingCall: Sendable {
    let id: Int
    private let withdrawn = Atomic<Bool>(false)

    init(id: Int) { self.id = id }

    /// Whether the caller has given it up, perhaps before the event loop has heard of it.
    var isWithdrawn: Bool { withdrawn.load(ordering: .acquiring) }

    /// To be noted before the event loop is told.
    func noteWithdrawal() { withdrawn.store(true, ordering: .releasing) }
}

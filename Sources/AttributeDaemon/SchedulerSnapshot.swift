import AttributeValues
import CallScheduling

/// The numbers of the scheduler at one moment, for status and metrics. The scheduler itself is not copied: it is large.
struct SchedulerSnapshot {
    /// What has happened since the start.
    let counters: CallScheduler.Counters
    /// Requests that have not ended.
    let openRequests: Int
    /// Waiting (request, account) pairs.
    let waitingAccounts: Int
    /// How long the request that has waited longest has waited; nil if none waits.
    let oldestWaiting: Duration?
    /// Upstream calls in progress.
    let callsUnderWay: Int
    /// Calls in any second that are allowed at present.
    let currentLimit: Int
    /// The part of the round trip that the limiter counts on.
    let currentCredit: Duration
    /// Calls that the server may still count.
    let slotsHeld: Int
    /// Why calls do not leave; nil if they may.
    let closedBecause: CallFailure?
    /// Failed calls since the last good one.
    let failuresInARow: Int
    /// Answers held in memory, and their bytes.
    let heldAnswers: (count: Int, bytes: Int)

    init(_ scheduler: inout CallScheduler, at now: Moment) {
        counters = scheduler.counters
        openRequests = scheduler.openRequests
        waitingAccounts = scheduler.waitingAccounts
        oldestWaiting = scheduler.oldestWaiting(at: now)
        callsUnderWay = scheduler.callsUnderWay
        currentLimit = scheduler.currentLimit(at: now)
        currentCredit = scheduler.currentCredit(at: now)
        slotsHeld = scheduler.slots.held
        closedBecause = scheduler.closedBecause
        failuresInARow = scheduler.failuresInARow
        heldAnswers = scheduler.heldAnswers
    }
}

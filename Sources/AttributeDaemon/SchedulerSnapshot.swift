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
        slotsHeld = scheduler.slotsHeld
        closedBecause = scheduler.closedBecause
        failuresInARow = scheduler.failuresInARow
        heldAnswers = scheduler.heldAnswers
    }
}

/// The largest of many counts by user, so that a list of them has a bound.
enum LargestCounts {
    /// The largest counts, by uid. Of equal ones the lower uid goes first.
    static func list(of counts: some Sequence<(UInt32, Int)>, most: Int) -> [(uid: UInt32, count: Int)] {
        var largest: [(uid: UInt32, count: Int)] = []
        for (uid, count) in counts {
            largest.append((uid, count))
            // Sorted once for every `most` of them.
            if largest.count == 2 * most { keep(most, of: &largest) }
        }
        keep(most, of: &largest)
        return largest.sorted { $0.uid < $1.uid }
    }

    private static func keep(_ most: Int, of counts: inout [(uid: UInt32, count: Int)]) {
        counts.sort { ($1.count, $0.uid) < ($0.count, $1.uid) }
        if counts.count > most { counts.removeSubrange(most...) }
    }
}

import Accounting
import AttributeValues

/// How accounts are asked for again.
extension CallScheduler {
    mutating func tryAgain(_ rides: [Ride], _ failure: CallFailure, isAlone: Bool, now: Moment) {
        if stopDeadline != nil { return shutDown(rides) }
        // Who joined a call later has had fewer attempts than others in it.
        // An upstream that fails wholly is spared retries by the gate.
        guard gate.isOpen else { return fail(rides, asClosed: failure, now: now) }
        let tired = rides.filter { attempts(of: $0) >= Backoff.maximumAttempts }
        let rest = rides.filter { attempts(of: $0) < Backoff.maximumAttempts }
        fail(tired, failure)
        guard rest.contains(where: isWanted) else {
            for ride in rest { forgetUnlessWanted(ride.id) }
            return
        }
        counters.retries += 1
        let due = retries.due(afterFailures: rest.map(attempts).max() ?? 1, now: now)
        retries.wait(putBack(rest, failure, notBefore: due, now: now), until: due, isAlone: isAlone)
    }

    /// Calls that an account has been in and that failed, the one that has just failed included.
    func attempts(of ride: Ride) -> Int { retries.failures(of: ride.id) + 1 }

    /// The UserSig has expired: once, the same accounts go again with a new one.
    mutating func renewed(_ rides: [Ride], _ failure: CallFailure, callStartedAt start: Moment, now: Moment) {
        // A call that left before the new one was made says nothing about it.
        if rides.contains(where: { retries.wasRenewed($0.id, by: start) }) {
            var failure = failure
            failure.message += "; a new one is refused too: is the clock right?"
            gate.refused(failure, now: now)
            return fail(rides, asClosed: failure, now: now)
        }
        counters.renewals += 1
        for id in putBack(rides, failure, notBefore: now, .renewal, now: now) { addReturned(id) }
    }

    /// Upstream takes fewer accounts in a call than this one had.
    mutating func divideCalls(inCall count: Int) { accountsPerCall = min(accountsPerCall, count / 2) }

    mutating func putBack(
        _ rides: [Ride], _ failure: CallFailure, notBefore: Moment, _ cause: Retries.Cause = .failure, now: Moment
    ) -> [AccountID] {
        rides.compactMap { ride in
            guard let id = wait(ride) else { return nil }
            retries.rename(ride.id, to: id)
            retries.note(failure, of: id, notBefore: notBefore, isOwn: rides.count == 1, cause, now: now)
            return id
        }
    }

    /// Notes a failure of an account that is asked for again.
    mutating func note(
        _ failure: CallFailure, of ride: Ride, notBefore: Moment, _ cause: Retries.Cause = .failure, now: Moment
    ) {
        // A call for the same account may have ended in between, and the account been forgotten.
        guard accounts.account(ride.id) != nil else { return }
        retries.note(failure, of: ride.id, notBefore: notBefore, isOwn: false, cause, now: now)
    }

    /// Puts those who still want an account back to those who wait for it. A lane has to bring it back.
    /// - Returns: Its name, if it is wanted.
    mutating func wait(_ ride: Ride) -> AccountID? {
        guard isWanted(ride) else {
            forgetUnlessWanted(ride.id)
            return nil
        }
        let ride = known(ride)
        var lane = Lane.suspect
        var waiters = ride.waiters
        // Taken as a whole, because a hundred thousand may wait.
        let isAnyLeft = waiters.removeAll { key, index in
            guard let caller = requests.waitAgain(key, for: index) else { return true }
            arrivals.waitsAgain(key)
            if lane > .clean { lane = min(lane, offences.lane(of: caller)) }
            return false
        }
        guard isAnyLeft else {
            forgetUnlessWanted(ride.id)
            return nil
        }
        accounts.wait(waiters, for: ride.id, lane: lane)
        accounts.reserve(ride.id)
        backlog = .unknown
        return ride.id
    }

    /// Lets an account that waits go first in the next call of its lane, or in a call of its own.
    mutating func addReturned(_ id: AccountID, isAlone: Bool = false) {
        guard let payer = payer(of: id) else { return }
        if isAlone {
            lanes.addAlone(id, principal: payer)
        } else {
            lanes.addReturned(id, lane: accounts.lane(of: id), principal: payer)
        }
        backlog = .unknown
    }

    /// Who pays for an account's own calls: the principal of the first request that waits for it.
    func payer(of id: AccountID) -> Principal? {
        accounts.firstWaiter(for: id).flatMap { requests.caller(of: $0)?.principal }
    }

    /// Lets those leave whose wait before a retry is over.
    mutating func releaseRetries(now: Moment) {
        while let (ids, isAlone) = retries.takeDue(at: now) {
            for id in ids where accounts.isReserved(id) {
                addReturned(id, isAlone: isAlone || isQuarantined(id, now: now))
            }
        }
    }
}

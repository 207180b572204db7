import AttributeValues
import HeapModule

@testable import CallScheduling

extension World {
    // MARK: What callers get

    mutating func check(_ key: RequestKey, _ outcome: RequestOutcome) {
        guard let asked = open.removeValue(forKey: key) else {
            return problems.append("request \(key.number) ended twice, or after it was withdrawn")
        }
        switch outcome {
        case .answered(let answers):
            count("answered")
            if answers.count != asked.accounts.count { problems.append("\(answers.count) answers") }
            for (account, answer) in zip(asked.accounts, answers) { check(answer, of: account, asked) }
        case .failed(let failure):
            count("failed \(failure.first.code)")
            if failure.failed.isEmpty { problems.append("failed without a failed account") }
            for (account, failure) in failure.failed { check(failure, of: account) }
        case .partly: problems.append("a partial result that was not asked for")
        case .deadlineExceeded(_, let retryAfter):
            count("expired")
            if plan.isOnlyPoisoned { problems.append("expired, though there was time enough") }
            if let retryAfter {
                // Refused at once, since even served next it would come too late.
                if now + retryAfter < asked.deadline { problems.append("refused although there was time") }
            } else if now != asked.deadline {
                problems.append("expired at another time than its deadline")
            }
        case .overloaded(_, let retryAfter):
            count("overloaded")
            if retryAfter <= .zero { problems.append("come back at once") }
        case .shuttingDown:
            count("stopped")
            if !isStopping { problems.append("refused as stopping, without a stop") }
        }
    }

    private mutating func check(_ answer: AccountResult, of account: Account, _ asked: Asked) {
        guard let json = answer.attrs?.json else {
            if !plan.unknown.contains(account) { problems.append("no answer for \(account.text)") }
            return
        }
        let parts = String(decoding: json, as: UTF8.self).split(separator: "@")
        guard parts.count == 2, parts[0] == account.text, let at = Int64(parts[1]) else {
            return problems.append("another account's answer for \(account.text)")
        }
        if asked.at - Moment(nanoseconds: at) > asked.maxAge { problems.append("too old an answer") }
        if plan.poison[account] != nil { problems.append("a poisoned account was answered") }
    }

    private mutating func check(_ failure: CallFailure, of account: Account) {
        let isPoisons = plan.poison.values.contains(failure.code)
        if isPoisons, plan.poison[account] != failure.code, failure.retryAfter == nil {
            problems.append("\(account.text) fails with \(failure.code), which another account is to blame for")
        }
        if isPoisons, failure.retryAfter == nil, !failedAlone.contains(account) {
            problems.append("\(account.text) is blamed without a call of its own")
        }
        if !isPoisons, !plan.faults.contains(where: { $0.code == failure.code }),
            ![-32002, 70001, 90018, 91000].contains(failure.code)
        {
            problems.append("code \(failure.code) out of nowhere")
        }
        if let retryAfter = failure.retryAfter, retryAfter <= .zero { problems.append("come back at once") }
        if plan.isOnlyPoisoned, !isPoisons { problems.append("failed with \(failure.code)") }
    }

    private mutating func count(_ name: String) { outcomes[name, default: 0] += 1 }

    /// No request waits past its deadline.
    mutating func checkDeadlines() {
        if open.values.contains(where: { $0.deadline < now }) { problems.append("a request has outlived its deadline") }
    }

    // MARK: What the scheduler keeps

    /// Numbers agree with what they count, and each account that waits can get into a call.
    mutating func checkConsistency() {
        let waitedFor = scheduler.accounts.all.filter { $0.state.waiters != nil }
        let inTables = waitedFor.reduce(0) { $0 + ($1.state.waiters?.count ?? 0) }
        if inTables != scheduler.requests.waiting {
            problems.append("\(scheduler.requests.waiting) waiting, \(inTables) found")
        }
        if waitedFor.count != scheduler.accounts.waitedFor { problems.append("accounts waited for count otherwise") }
        let requests = scheduler.requests.all.map(\.request)
        if requests.count != scheduler.requests.count { problems.append("open requests count otherwise") }
        let inRequests = requests.reduce(0) { $0 + $1.waiting }
        if inRequests != scheduler.requests.waiting { problems.append("requests count \(inRequests)") }
        let lines = scheduler.lanes.callers.lines
        if requests.reduce(0, { $0 + $1.accounts.count }) != lines.openAccounts {
            problems.append("open accounts count otherwise")
        }
        if lines.openAccountsByPrincipal.reduce(0, { $0 + $1.held }) != lines.openAccounts {
            problems.append("principals count otherwise")
        }
        if Set(scheduler.requests.all.map(\.key)) != Set(open.keys) { problems.append("other requests than asked for") }
        var lanes = Set(scheduler.lanes.accounts)
        lanes.formUnion(scheduler.retries.waiting)
        let parked = Set(scheduler.lanes.parked.map(\.id))
        for (id, state) in waitedFor {
            let isParked = parked.contains(id) && isForPausedOnly(state)
            let isReachable =
                state.isReserved ? lanes.contains(id) : isParked || requests.contains { $0.willOffer(id) }
            if !isReachable {
                problems.append("\(state.account.text) waits, and no lane or turn brings it into a call")
            }
        }
        if scheduler.backlog == .empty, scheduler.gate.admission == .all, !isStopping {
            // Nothing could leave: then all that waits has a retry's or a search's end before it.
            let isIdle =
                scheduler.lanes.accounts.isEmpty && !scheduler.lanes.hasTests() && !scheduler.retries.hasRepeats
            let all = waitedFor.allSatisfy { $0.state.isReserved || isForPausedOrDelayedOnly($0.state) }
            if !isIdle || !all { problems.append("something could leave, and is not looked for") }
        }
        if scheduler.retries.failed.contains(where: { scheduler.accounts.account($0) == nil }) {
            problems.append("failures of a forgotten account")
        }
        let callLanes = scheduler.calls.all.map(\.lane)
        let (beside, suspects) = (callLanes.count { $0 == .besideOffender }, callLanes.count { $0 == .suspect })
        if (beside, suspects) != (scheduler.calls.counts.besideOffenders, scheduler.calls.counts.suspects) {
            problems.append("calls of lanes count otherwise")
        }
        if suspects > max(1, plan.inFlight / 4) { problems.append("too many suspects under way") }
        if beside + suspects > max(1, plan.inFlight - plan.inFlight / 8) {
            problems.append("separate calls leave no eighth of all free")
        }
        problems += scheduler.gate.violations + lines.rules.violations
        if lines.rules.openAccounts != lines.openAccounts { problems.append("rules count otherwise") }
        let isReservedInVain = scheduler.accounts.all.contains { $0.state.isReserved && $0.state.waiters == nil }
        if isReservedInVain { problems.append("reserved, but no request waits") }
        for (id, state) in scheduler.accounts.all {
            guard let (call, place) = state.ride else { continue }
            let isThere = scheduler.calls[call].map { $0.rides[Int(place)].id == id } ?? false
            if !isThere { problems.append("\(state.account.text) is under way in a call that does not have it") }
        }
    }

    private func isForPausedOnly(_ state: AccountTable.State) -> Bool {
        state.waiters?.contains { open[$0].map { !paused.contains($0.caller.connection) } ?? false } != true
    }

    private func isForPausedOrDelayedOnly(_ state: AccountTable.State) -> Bool {
        let lines = scheduler.lanes.callers.lines
        return state.waiters?.contains { key in
            guard let asked = open[key], let line = scheduler.requests.line(of: key) else { return false }
            return !paused.contains(asked.caller.connection) && !lines.rules.isDelayed(lines.rule(of: line))
        } != true
    }

    mutating func checkEnd() {
        guard problems.isEmpty else { return }
        if !open.isEmpty { problems.append("\(open.count) requests never ended") }
        if !scheduler.calls.isEmpty { problems.append("calls are left") }
        if scheduler.requests.waiting != 0 || scheduler.lanes.callers.lines.openAccounts != 0
            || scheduler.isEndingRequests
        {
            problems.append("accounts are left waiting")
        }
        if let next = scheduler.lanes.callers.lines.rules.nextRelease { problems.append("a rule waits until \(next)") }
        if !scheduler.accounts.isEmpty { problems.append("accounts are left: \(scheduler.accounts.all.count)") }
        if !scheduler.retries.isEmpty { problems.append("failures are left: \(scheduler.retries.failed.count)") }
        if !scheduler.searches.isEmpty || scheduler.lanes.hasTests() || scheduler.retries.hasRepeats {
            problems.append(
                "searches are left, \(scheduler.gate) \(scheduler.backlog) stopping \(isStopping)"
            )
        }
        if isStopping, !scheduler.isDrained { problems.append("not drained: \(scheduler.limiter.held) slots held") }
        if server.worstSecond > plan.rate { problems.append("\(server.worstSecond) calls in a second") }
    }
}

extension WaitingRequest {
    /// Whether the request's turn will come to an account that it waits for.
    fileprivate func willOffer(_ account: AccountID) -> Bool {
        accounts.indices.dropFirst(cursor).contains { self[id: $0] == account }
    }
}

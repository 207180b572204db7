import AttributeValues
import HeapModule

@testable import CallScheduling

extension World {
    // MARK: What callers are told

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
            if !isStopping { problems.append("told to be stopping") }
        }
    }

    private mutating func check(_ answer: AccountAnswer, of account: Account, _ asked: Asked) {
        guard let json = answer.attrs?.json else {
            if !plan.unknown.contains(account) { problems.append("nothing for \(account.text)") }
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
        if failure.reaction == .accountAtFault, plan.poison[account] != failure.code {
            problems.append("\(account.text) is told \(failure.code), which another account is to blame for")
        }
        if failure.reaction != .accountAtFault, !plan.faults.contains(where: { $0.code == failure.code }),
            ![-32002, 70001, 90018, 91000].contains(failure.code)
        {
            problems.append("code \(failure.code) out of nowhere")
        }
        if plan.isOnlyPoisoned, failure.reaction != .accountAtFault { problems.append("failed with \(failure.code)") }
    }

    private mutating func count(_ name: String) { outcomes[name, default: 0] += 1 }

    /// Nobody waits longer than he said he would.
    mutating func checkDeadlines() {
        if open.values.contains(where: { $0.deadline < now }) { problems.append("a request has outlived its deadline") }
    }

    // MARK: What the scheduler keeps

    /// Numbers agree with what they count, and whatever waits can be reached by a call.
    mutating func checkConsistency() {
        let inTables = scheduler.waitingFor.values.reduce(0) { $0 + $1.count }
        if inTables != scheduler.waiting { problems.append("\(scheduler.waiting) waiting, \(inTables) found") }
        let inRequests = scheduler.requests.values.reduce(0) { $0 + $1.waiting }
        if inRequests != scheduler.waiting { problems.append("requests count \(inRequests)") }
        if scheduler.waitingByUID.values.reduce(0, +) != scheduler.waiting { problems.append("users count otherwise") }
        if Set(scheduler.requests.keys) != Set(open.keys) { problems.append("other requests than asked for") }
        var lanes = Set(scheduler.returned).union(scheduler.aside).union(scheduler.alone)
        for group in scheduler.retries.unordered { lanes.formUnion(group.accounts) }
        for account in scheduler.waitingFor.keys {
            let isReachable =
                scheduler.reserved.contains(account)
                ? lanes.contains(account) : scheduler.requests.values.contains { $0.willOffer(account) }
            if !isReachable { problems.append("\(account.text) waits, and nothing brings it into a call") }
        }
        if scheduler.isStarved, scheduler.gate.isOpen, !isStopping {
            // Nothing could leave: then all that waits has a retry's or a search's end before it.
            let isIdle = scheduler.returned.isEmpty && scheduler.alone.isEmpty && scheduler.tests.isEmpty
            let all = scheduler.waitingFor.keys.allSatisfy { scheduler.reserved.contains($0) }
            if !isIdle || !all { problems.append("something could leave, and nobody sees to it") }
        }
        if !scheduler.reserved.isSubset(of: scheduler.waitingFor.keys) { problems.append("reserved, but nobody waits") }
    }

    mutating func checkEnd() {
        guard problems.isEmpty else { return }
        if !open.isEmpty { problems.append("\(open.count) requests never ended") }
        if !scheduler.calls.isEmpty || !scheduler.underWay.isEmpty { problems.append("calls are left") }
        if scheduler.waiting != 0 || !scheduler.waitingByUID.isEmpty { problems.append("accounts are left waiting") }
        if !scheduler.waitingFor.isEmpty || !scheduler.reserved.isEmpty {
            problems.append("tables of waiters are left")
        }
        if !scheduler.history.isEmpty { problems.append("history is left: \(scheduler.history.count)") }
        if !scheduler.isolations.isEmpty || !scheduler.asideOf.isEmpty { problems.append("isolations are left") }
        if isStopping, !scheduler.isDrained { problems.append("not drained: \(scheduler.slots.held) slots held") }
        if server.worstSecond > plan.rate { problems.append("\(server.worstSecond) calls in a second") }
    }
}

extension WaitingRequest {
    /// Whether the request's turn will come to an account that it waits for.
    fileprivate func willOffer(_ account: Account) -> Bool {
        accounts[min(cursor, accounts.count)...].contains(account)
    }
}

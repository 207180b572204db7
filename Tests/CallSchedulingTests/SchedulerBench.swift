import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

/// A scheduler, a clock and short words for what callers and upstream do with them.
struct SchedulerBench {
    var scheduler: CallScheduler
    var now = Moment(nanoseconds: 1_000_000_000_000)
    var finished: [RequestKey: RequestOutcome] = [:]
    var started: [(key: CallKey, accounts: [Account])] = []
    var referees: [CallKey] = []
    var abandoned: [CallKey] = []

    init(
        rate: Int = 100, inFlight: Int = 64, queued: Int = 1_000_000, perUID: Int = 1_000_000, heldBytes: Int = 0,
        seed: UInt64 = 1
    ) {
        scheduler = CallScheduler(
            limits: .init(
                rate: rate, inFlight: inFlight, queuedAccounts: queued, queuedAccountsPerPrincipal: perUID,
                heldBytes: heldBytes), seed: seed)
    }

    static func accounts(_ range: Range<Int>) -> [Account] { range.map { Account("user\($0)") } }

    /// Asks, without letting a call leave yet.
    @discardableResult
    mutating func ask(
        _ accounts: [Account], rule: RuleIndex = .none, uid: UInt32 = 1, connection: UInt64 = 1,
        timeout: Duration = .seconds(30), maxAge: Duration = .zero, acceptsPartial: Bool = false
    ) -> RequestKey {
        let key = scheduler.makeRequestKey()
        let caller = CallerKey(principal: Principal(rule: rule, uid: uid), connection: connection)
        let outcome = scheduler.enqueue(
            key, accounts: accounts, caller: caller, deadline: now + timeout, maxAge: maxAge,
            acceptsPartial: acceptsPartial, now: now)
        note(outcome.map { [.finish(key, $0)] } ?? [])
        return key
    }

    @discardableResult
    mutating func ask(
        _ range: Range<Int>, uid: UInt32 = 1, connection: UInt64 = 1, timeout: Duration = .seconds(30),
        maxAge: Duration = .zero
    ) -> RequestKey {
        ask(Self.accounts(range), uid: uid, connection: connection, timeout: timeout, maxAge: maxAge)
    }

    /// Lets time pass, with all that falls due in it. Gives the calls that left.
    @discardableResult
    mutating func pass(_ duration: Duration = .zero) -> [(key: CallKey, accounts: [Account])] {
        let first = started.count
        let end = now + duration
        while let next = scheduler.nextEvent(now: now), next <= end {
            now = max(now, next)
            let before = (started.count, finished.count)
            note(scheduler.timePasses(to: now))
            if next <= now, before == (started.count, finished.count), scheduler.nextEvent(now: now) == next { break }
        }
        now = end
        note(scheduler.timePasses(to: now))
        return Array(started[first...])
    }

    /// Calls that take all slots but `count`, and stay under way.
    mutating func takeAllSlots(but count: Int = 0) {
        scheduler.limiter.changeSlots { slots in
            while slots.held < slots.limit - count { _ = slots.take() }
        }
    }

    mutating func freeSlot(_ slot: Int = 0) { scheduler.limiter.changeSlots { $0.neverSent(slot) } }

    mutating func answer(_ call: CallKey, _ accounts: [Account], missing: Set<Account> = []) {
        let found = accounts.map { account in
            missing.contains(account) ? .missing : AccountResult(attrs: Attrs(json: Array("{}".utf8)))
        }
        let result = CallEnd(counted: .answered(at: now), result: .success(CallAnswer(results: AccountResults(found))))
        note(scheduler.callEnded(call, result, now: now))
    }

    mutating func fail(_ call: CallKey, _ code: Int, _ reaction: CallFailure.Kind) {
        let failure = CallFailure(
            reaction, code: code, message: "made up")
        note(scheduler.callEnded(call, CallEnd(counted: .answered(at: now), result: .failure(failure)), now: now))
    }

    /// Answers the referees that are under way.
    mutating func answerReferees() {
        while let key = referees.popLast() {
            let answer = CallAnswer(results: AccountResults([.missing]))
            note(scheduler.callEnded(key, CallEnd(counted: .answered(at: now), result: .success(answer)), now: now))
        }
    }

    /// Serves all calls from a place on for a while: those that contain a bad account fail, all others are answered.
    mutating func serve(from first: Int, bad: Set<Account>, _ code: Int, _ kind: CallFailure.Kind) {
        var next = first
        for _ in 0..<200 {
            answerReferees()
            while next < started.count {
                let call = started[next]
                next += 1
                if bad.isDisjoint(with: call.accounts) {
                    answer(call.key, call.accounts)
                } else {
                    fail(call.key, code, kind)
                }
            }
            pass(.milliseconds(50))
        }
    }

    /// What the owner does once when something falls due now.
    mutating func turn() { note(scheduler.timePasses(to: now)) }

    /// Answers all calls that are under way.
    mutating func answerAll() {
        for call in started where scheduler.calls[call.key] != nil { answer(call.key, call.accounts) }
    }

    mutating func withdraw(_ key: RequestKey) { note(scheduler.withdraw(key, now: now)) }

    mutating func stop(after grace: Duration = .seconds(10)) { note(scheduler.stop(deadline: now + grace, now: now)) }

    /// The codes that a request failed with, by account; nil if it did not fail.
    func failure(of key: RequestKey) -> PartialFailure? {
        if case .failed(let failure) = finished[key] { failure } else { nil }
    }

    /// The code of the first account that failed; nil if the request did not fail.
    func code(of key: RequestKey) -> Int? { failure(of: key)?.first.code }

    func isAnswered(_ key: RequestKey) -> Bool { if case .answered = finished[key] { true } else { false } }

    private mutating func note(_ actions: [CallScheduler.Action]) {
        for action in actions {
            switch action {
            case .start(let key, let accounts, _): started.append((key, accounts))
            case .startReferee(let key, _): referees.append(key)
            case .finish(let key, let outcome):
                #expect(finished[key] == nil, "ended twice")
                finished[key] = outcome
            case .abandon(let key): abandoned.append(key)
            }
        }
    }
}

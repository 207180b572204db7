import Accounting
import AttributeValues
import HeapModule

@testable import CallScheduling

/// Callers, a scheduler and a fake upstream on a virtual clock; all that happens follows from the seed.
///
/// Callers come, ask, cancel and vanish; upstream fails in every way it can. What is wrong is noted in `problems`.
struct World {
    enum Event {
        case alarm
        case arrival(CallKey, Fate)
        case ended(CallKey, CallEnd)
        case ask
        case cancel(RequestKey)
        case vanish
        case stopReading(CallerKey)
        case readAgain(CallerKey)
        case reload
        case stop
    }

    /// What becomes of a call.
    enum Fate { case good, code(Int, CallFailure.Kind), lost, refused }

    struct Asked {
        let accounts: [Account]
        let caller: CallerKey
        let at: Moment
        let deadline: Moment
        let maxAge: Duration
    }

    private struct Entry: Comparable {
        let time: Moment
        let order: Int
        let event: Event
        static func == (left: Entry, right: Entry) -> Bool { left.order == right.order }
        static func < (left: Entry, right: Entry) -> Bool { (left.time, left.order) < (right.time, right.order) }
    }

    struct Call {
        /// None if it is the referee's.
        let accounts: [Account]
        let signature: Int
    }

    let plan: WorldPlan
    var generator: SeededGenerator
    var scheduler: CallScheduler
    var now = Moment(nanoseconds: 7_000_000_000_000)
    var open: [RequestKey: Asked] = [:]
    var problems: [String] = []
    var outcomes: [String: Int] = [:]
    var server = ServerRecord()
    /// Accounts for which a call of their own has failed.
    var failedAlone: Set<Account> = []
    private var events = Heap<Entry>()
    private var order = 0
    private var alarm: Moment?
    private var calls: [CallKey: Call] = [:]
    private var arrivals: [CallKey: Moment] = [:]
    private var signature = 1
    private var staleSignature = 0
    private var handled = 0
    private var idleAlarms = 0
    private(set) var isStopping = false
    /// Connections that do not read.
    private(set) var paused: Set<UInt64> = []
    private var rules = RuleShares.none
    private var loads = 0

    init(_ plan: WorldPlan, seed: UInt64) {
        self.plan = plan
        generator = SeededGenerator(seed: seed)
        var limits = CallScheduler.Limits(
            rate: plan.rate, inFlight: plan.inFlight, queuedAccounts: plan.queued,
            queuedAccountsPerPrincipal: plan.queued / 2,
            heldBytes: 20_000)
        limits.accountsPerCall = 100
        scheduler = CallScheduler(limits: limits, seed: seed)
        if !plan.rules.isEmpty { reload() }
        scheduler.ends.workPerTurn = plan.workPerTurn
        scheduler.ends.pieceSize = max(1, plan.workPerTurn / 10)
    }

    /// Runs until all callers have gone and no event is left.
    mutating func run() {
        for _ in 0..<plan.asks { schedule(after: plan.duration * generator.unit(), .ask) }
        for _ in 0..<plan.vanishes { schedule(after: plan.duration * generator.unit(), .vanish) }
        for _ in 0..<plan.pauses {
            let start = plan.duration * generator.unit()
            let caller = caller(.random(in: 1...12, using: &generator))
            schedule(after: start, .stopReading(caller))
            schedule(after: start + 3 * generator.unit(), .readAgain(caller))
        }
        if plan.stops { schedule(after: plan.duration * generator.unit(), .stop) }
        for _ in plan.rules.dropFirst() { schedule(after: plan.duration * generator.unit(), .reload) }
        while problems.isEmpty, let entry = events.popMin() {
            idleAlarms = entry.time == now ? idleAlarms + 1 : 0
            if idleAlarms > 20_000 { return problems.append("the clock does not move on at \(entry.event)") }
            now = entry.time
            handle(entry.event)
            checkDeadlines()
            handled += 1
            if handled % 50 == 0 { checkConsistency() }
        }
        checkConsistency()
        checkEnd()
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .alarm:
            if alarm == now { alarm = nil }
            carryOut(scheduler.timePasses(to: now))
        case .arrival(let key, let fate): arrive(key, fate)
        case .ended(let key, let end):
            calls[key] = nil
            if generator.unit() < 0.5 { scheduler.measured(.milliseconds(20), now: now) }
            carryOut(scheduler.callEnded(key, end, now: now))
        case .ask: ask()
        case .cancel(let key): withdraw([key])
        case .vanish:
            guard let caller = open.values.map(\.caller).min(by: { $0.connection < $1.connection }) else { return }
            withdraw(open.filter { $0.value.caller == caller }.keys.sorted { $0.number < $1.number })
        case .stopReading(let caller):
            guard open.values.contains(where: { $0.caller.connection == caller.connection }) else { return }
            paused.insert(caller.connection)
            scheduler.readingStopped(caller)
        case .readAgain(let caller):
            paused.remove(caller.connection)
            scheduler.readingResumed(caller)
            carryOut(scheduler.timePasses(to: now))
        case .reload:
            reload()
            carryOut(scheduler.timePasses(to: now))
        case .stop:
            isStopping = true
            carryOut(scheduler.stop(deadline: now + .seconds(3), now: now))
        }
    }

    // MARK: Callers

    private mutating func ask() {
        let key = scheduler.makeRequestKey()
        let size = min(plan.accounts, plan.sizes[Int.random(in: plan.sizes.indices, using: &generator)])
        let first = Int.random(in: 0..<plan.accounts, using: &generator)
        let stride = plan.accounts > 7 ? 7 : 1
        var accounts: [Account] = []
        for index in 0..<size { accounts.append(plan.account((first + index * stride) % plan.accounts)) }
        if Set(accounts).count != accounts.count { accounts = Array(Set(accounts)).sorted { $0.text < $1.text } }
        let caller = caller(.random(in: 1...12, using: &generator))
        // The door reads no request of a client that does not read.
        if paused.contains(caller.connection) { return }
        let timeout = plan.timeouts[Int.random(in: plan.timeouts.indices, using: &generator)]
        let maxAge = plan.ages[Int.random(in: plan.ages.indices, using: &generator)]
        open[key] = Asked(accounts: accounts, caller: caller, at: now, deadline: now + timeout, maxAge: maxAge)
        if generator.unit() < plan.cancels { schedule(after: 2 * generator.unit(), .cancel(key)) }
        let outcome = scheduler.enqueue(
            key, accounts: accounts, caller: caller, deadline: now + timeout, maxAge: maxAge, now: now)
        carryOut(outcome.map { [.finish(key, $0)] } ?? [])
        // Mostly the owner lets the call leave at once; at times others come in the same turn of its loop.
        if generator.unit() < 0.9 { carryOut(scheduler.timePasses(to: now)) }
    }

    /// A connection of a user, under the rule that applies to it now. Some users have connections under several.
    private func caller(_ connection: UInt64) -> CallerKey {
        let rule = rules.isEmpty ? RuleIndex.none : rules.indexes[Int(connection) % rules.indexes.count]
        return CallerKey(principal: Principal(rule: rule, uid: UInt32(connection % 4)), connection: connection)
    }

    private mutating func reload() {
        rules = rules.replaced(by: plan.rules[loads % plan.rules.count])
        loads += 1
        scheduler.change(rules, now: now)
    }

    private mutating func withdraw(_ keys: [RequestKey]) {
        for key in keys where open.removeValue(forKey: key) != nil { carryOut(scheduler.withdraw(key, now: now)) }
    }

    // MARK: Calls

    mutating func carryOut(_ actions: [CallScheduler.Action]) {
        for action in actions {
            switch action {
            case .start(let key, let accounts, _): start(key, accounts)
            case .startReferee(let key, _): leave(key, [])
            case .finish(let key, let outcome): check(key, outcome)
            case .abandon(let key):
                guard calls[key] != nil else { continue }
                let failure = plan.failure(-32002, .lost)
                schedule(after: 0, .ended(key, CallEnd(counted: .unknown(closedAt: now), result: .failure(failure))))
            }
        }
        guard let next = scheduler.nextEvent(now: now), alarm.map({ next < $0 }) ?? true else { return }
        alarm = next
        schedule(after: max(0, Double((next - now).nanoseconds) / 1e9), at: next, .alarm)
    }

    private mutating func start(_ key: CallKey, _ accounts: [Account]) {
        if accounts.isEmpty || accounts.count > 100 { problems.append("a call of \(accounts.count)") }
        if Set(accounts).count != accounts.count { problems.append("an account twice in a call") }
        let wanted = open.values.contains { !Set($0.accounts).isDisjoint(with: accounts) }
        if !wanted { problems.append("a call that no request waits for") }
        // A search goes on, and what has failed is asked for again.
        let isFirst = scheduler.calls[key]?.purpose == .ordinary && scheduler.retries.isEmpty
        if isFirst, !isRead(accounts) {
            problems.append("a call for clients that do not read")
        }
        leave(key, accounts)
    }

    /// Whether each account is wanted by a client that reads.
    private func isRead(_ accounts: [Account]) -> Bool {
        let read = open.values.filter { !paused.contains($0.caller.connection) }.reduce(into: Set()) {
            $0.formUnion($1.accounts)
        }
        return accounts.allSatisfy { read.contains($0) }
    }

    private mutating func leave(_ key: CallKey, _ accounts: [Account]) {
        calls[key] = Call(accounts: accounts, signature: signature)
        let fate = plan.fate(at: now, &generator)
        if case .refused = fate {
            let end = CallEnd(counted: .neverSent, result: .failure(plan.failure(-32002, .neverSent)))
            return schedule(after: 0.001, .ended(key, end))
        }
        schedule(after: plan.delay * (1 + generator.unit()), .arrival(key, fate))
    }

    private mutating func arrive(_ key: CallKey, _ fate: Fate) {
        // It may have been closed before it arrived.
        guard let call = calls[key] else { return }
        server.count(at: Double(now.nanoseconds) / 1e9)
        if case .lost = fate {
            let closed = now + .seconds(2)
            let end = CallEnd(counted: .unknown(closedAt: closed), result: .failure(plan.failure(-32002, .timedOut)))
            return schedule(after: 2, at: closed, .ended(key, end))
        }
        let seconds = plan.delay * (1 + generator.unit())
        let back = now + .nanoseconds(Int64(seconds * 1e9))
        let isOdd = plan.odd > 0 && generator.unit() < plan.odd
        let counted: CallEnd.Counted = isOdd ? .unknown(closedAt: back) : .answered(at: back)
        schedule(after: seconds, at: back, .ended(key, CallEnd(counted: counted, result: answer(call, fate))))
    }

    private mutating func answer(_ call: Call, _ fate: Fate) -> Result<CallAnswer, CallFailure> {
        if case .code(let code, let reaction) = fate {
            if reaction == .signatureExpired { staleSignature = max(staleSignature, signature) }
            if reaction != .signatureExpired { return .failure(plan.failure(code, reaction)) }
        }
        if call.signature <= staleSignature {
            if call.signature == signature { signature += 1 }
            return .failure(plan.failure(70001, .signatureExpired))
        }
        if call.accounts.count > plan.accountsAllowed { return .failure(plan.failure(90018, .tooManyAccounts)) }
        let poisoned = call.accounts.filter { plan.poison[$0] != nil }
        if let culprit = poisoned.randomElement(using: &generator), let code = plan.poison[culprit] {
            if call.accounts.count == 1 { failedAlone.insert(culprit) }
            return .failure(plan.failure(code, plan.poisonKind))
        }
        let results = call.accounts.map { account -> AccountResult in
            if plan.unknown.contains(account) { return .missing }
            return AccountResult(attrs: Attrs(json: Array("\(account.text)@\(now.nanoseconds)".utf8)))
        }
        return .success(CallAnswer(results: AccountResults(results)))
    }

    private mutating func schedule(after seconds: Double, at moment: Moment? = nil, _ event: Event) {
        order += 1
        let time = moment ?? now + .nanoseconds(Int64(seconds * 1e9))
        events.insert(Entry(time: max(now, time), order: order, event: event))
    }
}

extension CallerKey {
    /// A connection of a user.
    init(uid: UInt32, connection: UInt64) { self.init(principal: Principal(uid: uid), connection: connection) }
}

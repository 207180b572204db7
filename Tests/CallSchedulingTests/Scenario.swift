import Accounting
import AttributeValues
import HeapModule

@testable import CallScheduling

/// Callers of several kinds, a scheduler and an upstream in which accounts, or everything, can fail, on a virtual clock. It measures what
/// the innocent get: a scenario gives figures, where ``World`` looks for contradictions.
struct Scenario {
    /// How a call ends.
    enum Fate: Hashable {
        case good
        /// All accounts are answered, and more came than belongs to the answer.
        case odd
        case code(Int, CallFailure.Kind)
        case status
        case reset
        case hang
        case refused
        /// A connection that had been dead before.
        case stale
    }

    /// What a caller does.
    enum Habit {
        /// Asks for one account, waits for the answer, pauses, and asks for the next one.
        case script(pause: Double, timeout: Double)
        /// Asks for a hundred accounts at a time, with so many requests open.
        case bulk(open: Int, timeout: Double)
        /// Asks for one account at a time, with so many requests open.
        case eager(open: Int, timeout: Double)
        /// Asks for one account each time that so many seconds have passed, whether it was answered or not.
        case steady(every: Double, timeout: Double)
        /// Asks once.
        case once(timeout: Double)
    }

    struct Caller {
        let key: CallerKey
        let habit: Habit
        /// Of its accounts, how many are bad.
        var badPart = 0.0
        /// Whether it connects anew for each request.
        var reconnects = false
        /// Seconds after which it withdraws a request, about.
        var withdrawsAfter: Double?
        var starts = 0.0
        var isInnocent: Bool { badPart == 0 }
    }

    /// What came of the requests of one kind of callers.
    struct Figures {
        var answered = 0
        var failed = 0
        var accounts = 0
        var waits: [Double] = []
        var codes: [Int: Int] = [:]
        var withoutRetryTime = 0

        var part: Double { answered + failed == 0 ? 1 : Double(answered) / Double(answered + failed) }
        var p99: Double { waits.isEmpty ? 0 : waits.sorted()[min(waits.count - 1, waits.count * 99 / 100)] }
        var worst: Double { waits.max() ?? 0 }
    }

    private enum Event {
        case alarm
        case arrival(CallKey)
        case ended(CallKey, CallEnd)
        case ask(Int)
        case withdraw(RequestKey)
    }

    private struct Entry: Comparable {
        let time: Moment
        let order: Int
        let event: Event
        static func == (left: Entry, right: Entry) -> Bool { left.order == right.order }
        static func < (left: Entry, right: Entry) -> Bool { (left.time, left.order) < (right.time, right.order) }
    }

    private struct Asked {
        let caller: Int
        let accounts: Int
        let at: Moment
    }

    private struct Call {
        let accounts: [Account]
        let isReferees: Bool
        let connection: ConnectionChoice
        let leftAt: Moment
    }

    var rate = 100
    var callers: [Caller] = []
    /// How a call with a bad account ends.
    var badFate = Fate.code(90003, .account)
    /// How every call ends from some time on; nil: as its accounts say.
    var outage: (from: Double, until: Double, fate: Fate)?
    /// Part of all calls that end with HTTP status 500 by chance.
    var random = 0.0
    /// Whether calls for the daemon's own admin account always fail.
    var refereeFails = false
    /// Idle connections that are dead, and how a call on one ends.
    var deadConnections = 0
    var deadFate = Fate.stale
    /// One way's delay in seconds.
    var delay = 0.01
    /// Whether a call for a bad account alone is answered.
    var isBadOnlyBesideOthers = false
    /// Seconds from which on figures are taken.
    var measuresFrom = 0.0
    var duration = 10.0
    /// For figures by name: what a caller counts as.
    var group: (Caller) -> String = { $0.isInnocent ? "innocent" : "offender" }

    /// Bulk jobs, other innocent callers, and attackers.
    static func apart(_ caller: Caller) -> String {
        if case .bulk = caller.habit { return "bulk" }
        return caller.isInnocent ? "innocent" : "attacker"
    }

    private(set) var figures: [String: Figures] = [:]
    private(set) var calls = 0
    private(set) var referees = 0
    private(set) var callTimes: [Double] = []
    /// When the gate closed, and the calls until then.
    private(set) var closed: (at: Double, calls: Int)?
    private(set) var reopened: Double?
    private(set) var problems: [String] = []
    private(set) var server = ServerRecord()
    private(set) var scheduler: CallScheduler
    private var generator: SeededGenerator
    private var now = Moment(nanoseconds: 1_000_000_000_000)
    private var start = Moment(nanoseconds: 1_000_000_000_000)
    private var events = Heap<Entry>()
    private var order = 0
    private var alarm: Moment?
    private var open: [RequestKey: Asked] = [:]
    private var inFlight: [CallKey: Call] = [:]
    private var lastAccount = 0
    private var lastConnection: UInt64 = 1_000_000

    init(rate: Int = 100, seed: UInt64 = 1) {
        self.rate = rate
        generator = SeededGenerator(seed: seed)
        scheduler = CallScheduler(
            limits: .init(
                rate: rate, roundTripCredit: 0.75, inFlight: 64, queuedAccounts: 300_000,
                queuedAccountsPerPrincipal: 150_000),
            seed: seed)
    }

    var elapsed: Double { Double((now - start).nanoseconds) / 1e9 }

    mutating func add(
        _ count: Int, uid: UInt32 = 1, _ habit: Habit, badPart: Double = 0, reconnects: Bool = false,
        withdrawsAfter: Double? = nil, starts: Double = 0
    ) {
        for _ in 0..<count {
            lastConnection += 1
            callers.append(
                Caller(
                    key: CallerKey(uid: uid, connection: lastConnection), habit: habit, badPart: badPart,
                    reconnects: reconnects, withdrawsAfter: withdrawsAfter, starts: starts))
        }
    }

    mutating func run() {
        for (number, caller) in callers.enumerated() {
            var times = 1
            switch caller.habit {
            case .bulk(let open, _), .eager(let open, _): times = open
            case .script, .steady, .once: break
            }
            var after = caller.starts
            if case .script(let pause, _) = caller.habit { after += pause * generator.unit() }
            for _ in 0..<times { schedule(after: after, .ask(number)) }
        }
        while let entry = events.popMin() {
            now = entry.time
            if elapsed > duration { break }
            handle(entry.event)
            if case .alarm = entry.event {} else { watchGate() }
        }
        if server.worstSecond > rate { problems.append("\(server.worstSecond) calls in a second") }
    }

    private mutating func watchGate() {
        if closed == nil, scheduler.closedBecause != nil { closed = (elapsed, calls) }
        if closed != nil, reopened == nil, scheduler.closedBecause == nil { reopened = elapsed }
        problems += scheduler.gate.violations
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .alarm:
            if alarm == now { alarm = nil }
            carryOut(scheduler.timePasses(to: now))
        case .arrival(let key): arrive(key)
        case .ended(let key, let end):
            guard inFlight.removeValue(forKey: key) != nil else { return }
            if case .answered = end.counted { scheduler.measured(.nanoseconds(Int64(2 * delay * 1e9)), now: now) }
            carryOut(scheduler.callEnded(key, end, now: now))
        case .ask(let number): ask(number)
        case .withdraw(let key): withdraw(key)
        }
    }

    // MARK: Callers

    private mutating func ask(_ number: Int) {
        var caller = callers[number]
        if caller.reconnects {
            lastConnection += 1
            caller = Caller(
                key: CallerKey(principal: caller.key.principal, connection: lastConnection), habit: caller.habit,
                badPart: caller.badPart, reconnects: true, withdrawsAfter: caller.withdrawsAfter)
        }
        let (count, timeout): (Int, Double) =
            switch caller.habit {
            case .script(_, let timeout), .eager(_, let timeout), .steady(_, let timeout): (1, timeout)
            case .bulk(_, let timeout): (100, timeout)
            case .once(let timeout): (1, timeout)
            }
        var accounts: [Account] = []
        for _ in 0..<count {
            lastAccount += 1
            accounts.append(Account((generator.unit() < caller.badPart ? "bad" : "u") + "\(lastAccount)"))
        }
        if case .steady(let seconds, _) = caller.habit { schedule(after: seconds, .ask(number)) }
        let key = scheduler.makeRequestKey()
        open[key] = Asked(caller: number, accounts: count, at: now)
        let outcome = scheduler.enqueue(
            key, accounts: accounts, caller: caller.key, deadline: now + .nanoseconds(Int64(timeout * 1e9)), now: now)
        // Calls leave at the end of the turn, so that what is asked for in the same one can share them.
        carryOut(outcome.map { [.finish(key, $0)] } ?? [])
        if let seconds = caller.withdrawsAfter, open[key] != nil {
            schedule(after: seconds * (0.5 + generator.unit()), .withdraw(key))
        }
    }

    private mutating func withdraw(_ key: RequestKey) {
        guard let asked = open.removeValue(forKey: key) else { return }
        carryOut(scheduler.withdraw(key, now: now))
        schedule(after: 0.0001, .ask(asked.caller))
    }

    private mutating func finish(_ key: RequestKey, _ outcome: RequestOutcome) {
        guard let asked = open.removeValue(forKey: key) else { return problems.append("a request ended twice") }
        let caller = callers[asked.caller]
        var figures = figures[group(caller)] ?? Figures()
        var pause = 0.0
        if elapsed >= measuresFrom {
            switch outcome {
            case .answered, .partly:
                figures.answered += 1
                figures.accounts += asked.accounts
                figures.waits.append(Double((now - asked.at).nanoseconds) / 1e9)
            case .failed(let failure):
                figures.failed += 1
                figures.codes[failure.first.code, default: 0] += 1
                figures.accounts += failure.fetched
                if scheduler.closedBecause != nil, (failure.first.retryAfter ?? .zero) <= .zero {
                    figures.withoutRetryTime += 1
                }
            case .deadlineExceeded: figures.failed += 1; figures.codes[-32001, default: 0] += 1
            case .overloaded, .shuttingDown: figures.failed += 1; figures.codes[-32000, default: 0] += 1
            }
            self.figures[group(caller)] = figures
        }
        switch caller.habit {
        case .script(let length, _): pause = length * (0.5 + generator.unit())
        case .bulk, .eager: if case .answered = outcome { pause = 0 } else { pause = 0.01 }
        case .steady, .once: return
        }
        if case .failed(let failure) = outcome, let retryAfter = failure.first.retryAfter {
            pause = max(pause, Double(retryAfter.nanoseconds) / 1e9)
        }
        schedule(after: max(pause, 0.0001), .ask(asked.caller))
    }

    // MARK: Calls

    private mutating func carryOut(_ actions: [CallScheduler.Action]) {
        for action in actions {
            switch action {
            case .start(let key, let accounts, let connection): leave(key, accounts, connection, isReferees: false)
            case .startReferee(let key, let connection): leave(key, ["admin"], connection, isReferees: true)
            case .finish(let key, let outcome): finish(key, outcome)
            case .abandon(let key):
                guard inFlight[key] != nil else { continue }
                let failure = CallFailure(.lost, message: "closed")
                schedule(after: 0, .ended(key, CallEnd(counted: .unknown(closedAt: now), result: .failure(failure))))
            }
        }
        guard let next = scheduler.nextEvent(now: now), alarm.map({ next < $0 }) ?? true else { return }
        alarm = next
        schedule(after: max(0, Double((next - now).nanoseconds) / 1e9), at: next, .alarm)
    }

    private mutating func leave(_ key: CallKey, _ accounts: [Account], _ connection: ConnectionChoice, isReferees: Bool)
    {
        calls += 1
        callTimes.append(elapsed)
        if isReferees { referees += 1 }
        inFlight[key] = Call(accounts: accounts, isReferees: isReferees, connection: connection, leftAt: now)
        // A new connection takes a round trip more.
        schedule(after: delay * (connection == .new ? 3 : 1) + 0.001 * generator.unit(), .arrival(key))
    }

    private mutating func fate(of call: Call) -> Fate {
        if let outage, outage.from <= elapsed, elapsed < outage.until { return outage.fate }
        if call.connection == .any, deadConnections > 0 {
            deadConnections -= 1
            return deadFate
        }
        if call.connection == .new { deadConnections = 0 }
        if call.isReferees, refereeFails { return .status }
        if random > 0, generator.unit() < random { return .status }
        if isBadOnlyBesideOthers, call.accounts.count == 1 { return .good }
        return call.accounts.contains { $0.text.hasPrefix("bad") } ? badFate : .good
    }

    private mutating func arrive(_ key: CallKey) {
        guard let call = inFlight[key] else { return }
        let fate = fate(of: call)
        if fate != .refused { server.count(at: elapsed) }
        let back = delay + 0.001 * generator.unit()
        switch fate {
        case .good:
            let results = AccountResults(call.accounts.map { _ in AccountResult(attrs: Attrs(json: Array("{}".utf8))) })
            end(key, after: back, answered: true, .success(CallAnswer(results: results)))
        case .odd:
            let results = AccountResults(call.accounts.map { _ in AccountResult(attrs: Attrs(json: Array("{}".utf8))) })
            end(key, after: back, answered: false, .success(CallAnswer(results: results)))
        case .code(let code, let kind):
            end(key, after: back, answered: true, .failure(CallFailure(kind, code: code, message: "made up")))
        case .status: end(key, after: back, answered: false, .failure(CallFailure(.status, message: "HTTP 500")))
        case .reset:
            let kind: CallFailure.Kind = call.connection == .new ? .lost : .stale
            end(key, after: back, answered: false, .failure(CallFailure(kind, message: "reset")))
        case .stale: end(key, after: back, answered: false, .failure(CallFailure(.stale, message: "dead")))
        case .hang:
            let left = 5 - Double((now - call.leftAt).nanoseconds) / 1e9
            end(key, after: left, answered: false, .failure(CallFailure(.timedOut, message: "no answer")))
        case .refused:
            schedule(
                after: 0.001,
                .ended(key, CallEnd(counted: .neverSent, result: .failure(CallFailure(.neverSent, message: "refused"))))
            )
        }
    }

    private mutating func end(
        _ key: CallKey, after seconds: Double, answered: Bool, _ result: Result<CallAnswer, CallFailure>
    ) {
        let at = now + .nanoseconds(Int64((seconds * 1e9).rounded(.up)))
        let counted: CallEnd.Counted = answered ? .answered(at: at) : .unknown(closedAt: at)
        schedule(after: seconds, at: at, .ended(key, CallEnd(counted: counted, result: result)))
    }

    private mutating func schedule(after seconds: Double, at moment: Moment? = nil, _ event: Event) {
        order += 1
        let time = moment ?? now + .nanoseconds(Int64(seconds * 1e9))
        events.insert(Entry(time: max(now, time), order: order, event: event))
    }
}

import Accounting
import AttributeValues
import CallScheduling
import JSONRPCServer
import NIOCore
import UpstreamClient

/// Carries out what the scheduler decides: makes the calls, ends the requests, and wakes the scheduler in time.
/// Lives on one event loop.
final class CallDriver {
    private let eventLoop: any EventLoop
    private let upstream: UpstreamClient
    private var scheduler: CallScheduler
    private var waiting = WaitingRequests<WaitingAnswer>()
    private var calls: [CallKey: (call: UpstreamClient.Call, startedAt: Moment)] = [:]
    private var alarm: (at: Moment, task: Scheduled<Void>)?
    private var due = Due.alarm
    private var stopping: Stopping?
    private var slotMemory: SlotMemory?
    private let loopTurns: LoopTurns
    private let server: JSONRPCServer
    private let clocks: () -> ClockReading
    private var sleepWatch: SleepWatch

    /// When the scheduler is to look at the time again.
    private enum Due {
        case alarm
        /// At the end of this turn of the loop, so that requests which are read until then can share calls.
        case endOfTurn
        /// After the loop has looked at its sockets, because the rest would take too long in one turn. A task would not do: the loop
        /// runs tasks, also those that become due meanwhile, before it looks at a socket.
        case nextTurn
    }

    /// How long an alarm is set for at most while requests wait.
    private static let longestAlarm: Duration = .seconds(1)

    /// What becomes of a request.
    enum Admission {
        /// It is over already: answered from memory, or refused.
        case ended(RequestOutcome)
        /// It will end later, unless it is withdrawn.
        case waiting(WaitingAnswer)
    }

    /// A call that has ended.
    struct EndedCall {
        let key: CallKey
        /// Their number.
        let accounts: Int
        /// From its start to its end.
        var took: Duration
        /// The number in its query.
        var random: UInt32?
        var failure: CallFailure?
    }

    /// What one who stops the driver waits for.
    struct Stopping {
        /// Every request has been answered.
        let answered: EventLoopPromise<Void>
        /// No call can be seen by the server any more.
        let drained: EventLoopPromise<Void>
    }

    /// What the last calls say of upstream.
    private(set) var health = UpstreamHealth()
    /// What the calls were like so far.
    private(set) var metrics = CallMetrics()
    private let callEnded: (EndedCall) -> Void

    /// - Parameters:
    ///   - loopTurns: Measures the loop's turns.
    ///   - clocks: Reads the clocks.
    ///   - server: Its turns are those in which work goes on that takes long, and answers are written together there.
    ///   - callEnded: Is called after each call's end.
    init(
        _ limits: CallScheduler.Limits, upstream: UpstreamClient, eventLoop: any EventLoop, loopTurns: LoopTurns,
        clocks: @escaping () -> ClockReading, server: JSONRPCServer, callEnded: @escaping (EndedCall) -> Void
    ) {
        self.server = server
        self.callEnded = callEnded
        self.loopTurns = loopTurns
        self.eventLoop = eventLoop
        self.upstream = upstream
        self.clocks = clocks
        sleepWatch = SleepWatch(clocks())
        scheduler = CallScheduler(limits: limits, seed: .random(in: .min ... .max))
        scheduler.callsAreSigned(until: upstream.signedUntil)
    }

    /// What the upstream client reports beside the ends of calls.
    func upstreamReports(_ event: UpstreamClient.Event) {
        switch event {
        case .roundTrip(let time): scheduler.measured(time, now: self.time())
        case .connectionsGone: scheduler.connectionsGone()
        case .signingChanged(let mayBeOfAnotherKey):
            if mayBeOfAnotherKey { scheduler.credentialChanged() }
            signingChanged()
        }
    }

    private func signingChanged() {
        let now = time()
        scheduler.callsAreSigned(until: upstream.signedUntil)
        if now < scheduler.signedUntil { carryOut(scheduler.timePasses(to: now), now: now) }
    }

    /// The scheduler's numbers.
    /// - Parameter users: How many users are listed, at most.
    func snapshot(at now: Moment, users: Int = 0) -> CallScheduler.Snapshot {
        scheduler.snapshot(at: now, users: users)
    }

    /// The accounts of open requests of those who share a part.
    func waitingAccounts(of principal: Principal) -> Int { scheduler.openAccounts(of: principal) }

    /// Why the service is worse than it should be; nil if it is not.
    var degradation: String? { Self.closure(of: &scheduler)?.adviceForOperator }

    /// After how long calls may leave again; nil if they may, or that is not known.
    var retryAfter: Duration? {
        let now = time()
        return scheduler.timeToProbe(now: now)
    }

    /// The scheduler is given in place: for a property of it, the whole of it would be copied, which is 3 % of a call.
    private static func closure(of scheduler: inout CallScheduler) -> CallFailure? { scheduler.closedBecause }

    /// Whether what has to happen next will happen: the alarm is set for it, and no request waits that the scheduler has
    /// forgotten to answer.
    var isSound: Bool {
        guard waiting.count >= scheduler.openRequests else { return false }
        let now = time()
        guard let next = scheduler.nextEvent(now: now) else { return true }
        return due != .alarm || alarm.map { $0.at <= max(next, now) } ?? false
    }

    /// Whether no request waits and no call is in flight.
    var isIdle: Bool { waiting.isEmpty && calls.isEmpty }

    /// The time, by which all events of the scheduler go.
    func time() -> Moment {
        let reading = clocks()
        if sleepWatch.noticesSleep(in: reading) { scheduler.slept(until: reading.moment) }
        return reading.moment
    }

    // MARK: Events

    /// Asks for accounts.
    /// - Parameters:
    ///   - accounts: Distinct, at least one.
    ///   - maxAge: How old held answers may be.
    ///   - acceptsPartial: Whether the request ends with what was answered when other accounts fail.
    ///   - makeAnswer: Makes what is to be ended later; called at once, and only if the request waits.
    func enqueue(
        _ accounts: [Account], caller: CallerKey, timeout: Duration, maxAge: Duration, acceptsPartial: Bool,
        _ makeAnswer: (RequestKey) -> WaitingAnswer
    ) -> Admission {
        let now = time()
        let key = scheduler.makeRequestKey()
        if let outcome = scheduler.enqueue(
            key, accounts: accounts, caller: caller, deadline: now + timeout, maxAge: maxAge,
            acceptsPartial: acceptsPartial, now: now)
        {
            return .ended(outcome)
        }
        // It was asked for in time, unless the machine has slept.
        if now >= scheduler.signedUntil { upstream.wantSignature() }
        let answer = makeAnswer(key)
        waiting.insert(answer, for: key)
        // What else is asked for in this turn of the loop can still share the call.
        setAlarm(now: now)
        return .waiting(answer)
    }

    /// The client of a connection does not read: its accounts enter no call until it does.
    func readingStopped(_ caller: CallerKey) { scheduler.readingStopped(caller) }

    /// The client reads again.
    func readingResumed(_ caller: CallerKey) {
        let now = time()
        scheduler.readingResumed(caller)
        setAlarm(now: now)
    }

    /// What a rule uses; nil if there is no such rule.
    func use(of rule: RuleIndex) -> RuleUse? { scheduler.use(of: rule, at: time()) }

    func change(_ limits: CallScheduler.Limits, _ rules: RuleShares) {
        let now = time()
        scheduler.change(limits)
        scheduler.change(rules, now: now)
        carryOut(scheduler.timePasses(to: now), now: now)
    }

    /// An earlier process was killed and may have made calls until now.
    func assumeAllSlotsUsed() { scheduler.assumeAllSlotsUsed(at: time()) }

    /// Goes on where an earlier process was killed, and writes the slots down for a later one.
    func remember(in memory: SlotMemory) {
        let now = time()
        switch memory.states(asleep: sleepWatch.asleep) {
        case .success(let states): scheduler.restoreSlots(states, now: now)
        case .failure: assumeAllSlotsUsed()
        }
        scheduler.takeSlotChanges { memory.replace(with: $0, asleep: sleepWatch.asleep) }
        slotMemory = memory
    }

    /// Calls are signed with another key from now on.
    func credentialChanged() { scheduler.credentialChanged() }

    private func writeDownSlots() {
        scheduler.takeSlotChanges { slotMemory?.write($0, asleep: sleepWatch.asleep) }
    }

    /// Ends everything. To be called once.
    /// - Parameter grace: How long calls under way may still take.
    func stop(grace: Duration) -> Stopping {
        let now = time()
        let stopping = Stopping(answered: eventLoop.makePromise(), drained: eventLoop.makePromise())
        self.stopping = stopping
        carryOut(scheduler.stop(deadline: now + grace, now: now), now: now)
        return stopping
    }

    /// A caller does not wait any more; of no effect once the request has ended.
    func withdraw(_ key: RequestKey) {
        guard waiting.remove(key) != nil else { return }
        let now = time()
        carryOut(scheduler.withdraw(key, now: now), now: now)
    }

    // MARK: Actions

    private func carryOut(_ actions: [CallScheduler.Action], now: Moment, soon: Due = .endOfTurn) {
        // Before the first byte of a call may leave.
        writeDownSlots()
        for action in actions {
            switch action {
            case .start(let key, let accounts, let connection): start(key, accounts, on: connection, now: now)
            case .startReferee(let key, let connection):
                start(key, [Account(upstream.configuration.admin)], on: connection, now: now)
            case .finish(let key, let outcome): finish(key, outcome)
            case .abandon(let key): calls[key]?.call.cancel()
            }
        }
        setAlarm(now: now, soon: soon)
        tellStopping()
    }

    private func tellStopping() {
        guard let stopping, waiting.isEmpty else { return }
        stopping.answered.succeed()
        guard scheduler.isDrained else { return }
        alarm?.task.cancel()
        stopping.drained.succeed()
    }

    private func start(_ key: CallKey, _ accounts: [Account], on connection: ConnectionChoice, now: Moment) {
        let call = upstream.getAttributes(key, of: accounts, on: connection) { [self] end in ended(key, accounts, end) }
        calls[key] = (call, startedAt: now)
    }

    private func ended(_ key: CallKey, _ accounts: [Account], _ end: CallEnd) {
        let (start, now) = (NIODeadline.now(), time())
        var end = end
        var ended = EndedCall(key: key, accounts: accounts.count, took: .zero)
        if let call = calls.removeValue(forKey: key) {
            end.note(random: call.call.random)
            ended.random = call.call.random
            ended.took = now - call.startedAt
        }
        ended.failure = end.failure
        metrics.count(end, took: ended.took, accounts: accounts.count)
        if end.failure?.kind == .signatureExpired { upstream.discardSignature() }
        health.note(end)
        server.answerTogether { carryOut(scheduler.callEnded(key, end, now: now), now: now) }
        // It looks at what has come of it.
        callEnded(ended)
        loopTurns.note(since: start)
    }

    private func finish(_ key: RequestKey, _ outcome: RequestOutcome) {
        waiting.remove(key)?.ended(outcome)
    }

    /// Sees to it that what comes next is not missed. An alarm that turns out to be too early is left alone: to ring once for
    /// nothing costs less than to set it anew for each request.
    /// - Parameter soon: When to look if it is to be at once.
    private func setAlarm(now: Moment, soon: Due = .endOfTurn) {
        guard case .alarm = due, let next = scheduler.nextEvent(now: now) else { return }
        // While the machine sleeps, the loop's timers stop: requests that wait do not wait for as long again after that.
        if next > now { return ring(at: waiting.isEmpty ? next : min(next, now + Self.longestAlarm)) }
        due = scheduler.isEndingRequests ? .nextTurn : soon
        if case .nextTurn = due { return server.inNextTurn { [self] in dueNow(isTask: false) } }
        eventLoop.assumeIsolated().execute { [self] in dueNow(isTask: true) }
    }

    private func ring(at next: Moment) {
        if let alarm, alarm.at <= next { return }
        alarm?.task.cancel()
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: NIODeadline(next, now: time())) {
            [self] () -> Void in
            alarm = nil
            timePasses(isTask: true)
        }
        alarm = (next, task)
    }

    private func dueNow(isTask: Bool) {
        due = .alarm
        timePasses(isTask: isTask)
    }

    private func timePasses(isTask: Bool) {
        let (start, now) = (NIODeadline.now(), time())
        server.answerTogether(isTask: isTask) {
            carryOut(scheduler.timePasses(to: now), now: now, soon: .nextTurn)
        }
        loopTurns.note(since: start)
    }
}

/// Something for each request that waits, found without hashing by the requests' places.
struct WaitingRequests<Value> {
    private var values: [(key: RequestKey, value: Value)?] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// - Parameter key: Of a request that is open, and not here yet.
    mutating func insert(_ value: Value, for key: RequestKey) {
        while values.count <= key.place { values.append(nil) }
        values[key.place] = (key, value)
        count += 1
    }

    /// - Returns: Nil if the request does not wait, or not any more.
    mutating func remove(_ key: RequestKey) -> Value? {
        guard key.place < values.count, values[key.place]?.key == key else { return nil }
        let removed = values[key.place].take()
        count -= 1
        // What many once needed is given back.
        if count == 0, values.count > Self.keptCapacity { values = [] }
        return removed?.value
    }

    private static var keptCapacity: Int { 1024 }
}

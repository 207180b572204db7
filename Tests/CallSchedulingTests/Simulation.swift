import AttributeValues
import HeapModule
import Testing

@testable import CallScheduling

/// Runs a scheduler, for which requests always wait, on a virtual clock against a simulated network and server.
struct Simulation {
    static let inFlight = 500
    private static let timeout = 5.0

    private enum Event {
        case ended(CallKey, generation: Int, CallEnd.Counted, roundTrip: Duration?)
        case alarm(generation: Int)
    }

    private struct Entry: Comparable {
        let time: Moment
        let order: Int
        let event: Event
        static func == (left: Entry, right: Entry) -> Bool { left.order == right.order }
        static func < (left: Entry, right: Entry) -> Bool { (left.time, left.order) < (right.time, right.order) }
    }

    private(set) var server = ServerRecord()
    private(set) var started = 0
    private(set) var maximumUnderWay = 0
    private var now = Moment(nanoseconds: 1_000_000_000)
    private let network: SimulatedNetwork
    private var limits: CallScheduler.Limits
    private var scheduler: CallScheduler
    private var generator: SeededGenerator
    private var events = Heap<Entry>()
    private var alarm: Moment?
    private var order = 0
    private var generation = 0
    private var underWay = 0
    private var asked = 0
    /// What is written down of the slots, by number, and outlives a process.
    private var written: [SlotTable.State] = []

    /// Seconds since the beginning.
    var elapsed: Double { Double(now.nanoseconds) / 1e9 }

    init(_ network: SimulatedNetwork, limit: Int, credit: Double = 0, seed: UInt64) {
        self.network = network
        limits = .init(
            rate: limit, roundTripCredit: credit, inFlight: Self.inFlight, queuedAccounts: .max / 2,
            queuedAccountsPerPrincipal: .max / 2)
        limits.accountsPerCall = 1
        scheduler = CallScheduler(limits: limits)
        generator = SeededGenerator(seed: seed)
    }

    /// Lets `calls` more calls leave.
    mutating func run(calls: Int) {
        let target = started + calls
        keepAsking()
        while started < target, let entry = events.popMin() {
            now = entry.time
            handle(entry.event)
        }
        #expect(started >= target, "the scheduler stopped serving")
    }

    /// The process dies, with all its calls; the next one finds what was written down of the slots.
    mutating func killAndRestart() {
        restart()
        scheduler.restoreSlots(written, now: now)
        write()
    }

    /// The same, but no file is found.
    mutating func killAndForget() {
        restart()
        scheduler.assumeAllSlotsUsed(at: now)
        written = []
        write()
    }

    private mutating func restart() {
        generation += 1
        server.noneArrives(after: (elapsed + 0.99) * network.serverClock)
        underWay = 0
        asked = started
        alarm = nil
        now = now + .microseconds(Int64(generator.unit() * 300_000))
        scheduler = CallScheduler(limits: limits)
    }

    /// Every request is a call of its own.
    private mutating func keepAsking() {
        while asked - started < 3 * limits.rate + 100 {
            asked += 1
            let key = scheduler.makeRequestKey()
            let outcome = scheduler.enqueue(
                key, accounts: [Account("\(asked)")], caller: CallerKey(uid: 1, connection: 1),
                deadline: now + .seconds(1_000_000), now: now)
            carryOut(outcome.map { [.finish(key, $0)] } ?? [])
        }
        carryOut(scheduler.timePasses(to: now))
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .alarm(let generation):
            guard generation == self.generation else { return }
            if alarm == now { alarm = nil }
            carryOut(scheduler.timePasses(to: now))
        case .ended(let key, let generation, let counted, let roundTrip):
            guard generation == self.generation else { return }
            underWay -= 1
            if let roundTrip { scheduler.measured(roundTrip, now: now) }
            carryOut(
                scheduler.callEnded(
                    key, CallEnd(counted: counted, result: .success(CallAnswer(results: AccountResults()))), now: now))
        }
        if asked - started < limits.rate { keepAsking() }
    }

    private mutating func carryOut(_ actions: [CallScheduler.Action]) {
        write()
        for action in actions {
            switch action {
            case .start(let key, _, _), .startReferee(let key, _): send(key)
            case .finish, .abandon: break
            }
        }
        guard let next = scheduler.nextEvent(now: now), alarm.map({ next < $0 }) ?? true else { return }
        alarm = next
        schedule(at: next, .alarm(generation: generation))
    }

    /// Slots are written down before a call that has taken one leaves.
    private mutating func write() {
        scheduler.takeSlotChanges { changes in
            for change in changes {
                while written.count <= change.slot { written.append(.free) }
                written[change.slot] = change.state
            }
        }
    }

    private mutating func send(_ key: CallKey) {
        started += 1
        underWay += 1
        maximumUnderWay = max(maximumUnderWay, underWay)
        let fate = generator.unit()
        if fate < network.refused { return end(key, after: 0.001, measured: false) { _ in .neverSent } }
        let out = network.out.seconds(call: started, &generator)
        if fate < network.refused + network.lost {
            // Given up at the time-out; what is on its way then may still arrive within a second.
            if fate < network.refused + network.lost / 2 {
                server.count(at: (elapsed + min(out, Self.timeout + 0.9)) * network.serverClock)
            }
            return end(key, after: Self.timeout, measured: false) { .unknown(closedAt: $0) }
        }
        server.count(at: (elapsed + out) * network.serverClock)
        end(key, after: out + network.back.seconds(call: started, &generator), measured: true) { .answered(at: $0) }
    }

    private mutating func end(
        _ key: CallKey, after seconds: Double, measured: Bool, _ counted: (Moment) -> CallEnd.Counted
    ) {
        // Whole nanoseconds, and never before the answer can have come.
        let time = now + .nanoseconds(Int64((seconds * 1e9).rounded(.up)))
        schedule(at: time, .ended(key, generation: generation, counted(time), roundTrip: measured ? time - now : nil))
    }

    private mutating func schedule(at time: Moment, _ event: Event) {
        order += 1
        events.insert(Entry(time: max(now, time), order: order, event: event))
    }
}

import Accounting
import AttributeValues

@testable import CallScheduling

/// How a simulated world is: what callers want, and what upstream does.
struct WorldPlan {
    var rate = 100
    var inFlight = 64
    var queued = 20_000
    var asks = 150
    var vanishes = 3
    var cancels = 0.1
    /// Times that a client stops reading for a while.
    var pauses = 0
    /// As in the scheduler.
    var workPerTurn = 10_000
    /// Seconds in which callers ask.
    var duration = 5.0
    var stops = false
    /// The rules that apply to callers, at first and after each reload; none if all share alike.
    var rules: [[RuleShare]] = []
    /// Accounts that there are.
    var accounts = 1200
    var sizes = [1, 1, 2, 5, 60, 100, 101, 250, 1000]
    var timeouts: [Duration] = [.milliseconds(30), .milliseconds(500), .seconds(3), .seconds(30)]
    var ages: [Duration] = [.zero, .zero, .milliseconds(40), .seconds(2)]
    /// Accounts at fault, each with a code of its own, so that no other account can be given it.
    var poison: [Account: Int] = [:]
    /// How they make their calls fail.
    var poisonKind = CallFailure.Kind.account
    var unknown: Set<Account> = []
    var accountsAllowed = 100
    /// One way's delay in seconds, doubled at most.
    var delay = 0.01
    /// Faults, each with its part of the calls.
    var faults: [(code: Int, kind: CallFailure.Kind, part: Double)] = []
    var lost = 0.0
    var refused = 0.0
    /// Of the calls that are answered, those whose answer brings more than it should.
    var odd = 0.0
    /// Seconds from the start in which every call fails.
    var outage: ClosedRange<Double>?
    /// Whether only accounts can be at fault, and there is time enough.
    var isOnlyPoisoned = false

    func account(_ index: Int) -> Account { Account("u\(index)") }

    func failure(_ code: Int, _ reaction: CallFailure.Kind) -> CallFailure {
        CallFailure(reaction, code: code, message: "made up")
    }

    func fate(at now: Moment, _ generator: inout SeededGenerator) -> World.Fate {
        let seconds = Double(now.nanoseconds) / 1e9 - 7000
        if let outage, outage.contains(seconds) { return generator.unit() < 0.5 ? .refused : .code(91000, .temporary) }
        var dice = generator.unit()
        for fault in faults {
            if dice < fault.part { return .code(fault.code, fault.kind) }
            dice -= fault.part
        }
        if dice < lost { return .lost }
        return dice < lost + refused ? .refused : .good
    }

    /// Everything at random.
    static func anything(seed: UInt64) -> WorldPlan {
        var generator = SeededGenerator(seed: seed &* 77 &+ 5)
        func oneOf<T>(_ values: [T]) -> T { values[Int(generator.unit() * Double(values.count))] }
        var plan = WorldPlan()
        plan.rate = oneOf([1, 5, 20, 100, 100])
        plan.inFlight = oneOf([1, 3, 64, 64])
        plan.queued = oneOf([500, 20_000, 20_000])
        plan.accounts = oneOf([1, 10, 150, 1200, 1200])
        plan.stops = generator.unit() < 0.5
        plan.delay = oneOf([0, 0.005, 0.05, 0.4])
        plan.accountsAllowed = oneOf([100, 100, 100, 100, 30, 0])
        plan.poison(oneOf([0, 0, 1, 3, 30]), &generator)
        plan.poisonKind = oneOf([.account, .account, .status, .unusableAnswer, .unknownCode])
        plan.unknown = [plan.account(3), plan.account(33)]
        if generator.unit() < 0.2 { plan.outage = 1...(1.5 + 2 * generator.unit()) }
        let kinds: [(Int, CallFailure.Kind)] = [
            (91000, .temporary), (60007, .tooFrequent), (70001, .signatureExpired), (70003, .credential),
            (70050, .signatureRefusedTooOften),
            (80003, .unknownCode), (-32002, .unusableAnswer),
        ]
        for (code, reaction) in kinds where generator.unit() < 0.25 {
            plan.faults.append((code, reaction, oneOf([0.01, 0.05, 0.3])))
        }
        plan.pauses = oneOf([0, 0, 5, 40])
        plan.workPerTurn = oneOf([1, 50, 10_000])
        plan.lost = oneOf([0, 0, 0.02, 0.2])
        plan.refused = oneOf([0, 0, 0.02, 0.2])
        plan.odd = oneOf([0, 0, 0.05, 0.5])
        plan.addRules(seed: seed, hasLimits: true)
        return plan
    }

    /// Only accounts are at fault: each request has an answer, or its own accounts' codes.
    static func poisoned(seed: UInt64) -> WorldPlan {
        var generator = SeededGenerator(seed: seed &* 31 &+ 9)
        var plan = WorldPlan()
        plan.poison(1 + Int(generator.unit() * 4), &generator)
        plan.poisonKind = generator.unit() < 0.5 ? .account : .status
        plan.timeouts = [.seconds(600)]
        plan.sizes = [1, 2, 5, 60, 100]
        plan.vanishes = 0
        plan.pauses = Int(generator.unit() * 10)
        plan.workPerTurn = generator.unit() < 0.5 ? 20 : 10_000
        plan.delay = 0.02 * generator.unit()
        plan.isOnlyPoisoned = true
        plan.addRules(seed: seed, hasLimits: false)
        return plan
    }

    /// Rules in half of the worlds, with reloads in which some vanish and others come.
    private mutating func addRules(seed: UInt64, hasLimits: Bool) {
        var generator = SeededGenerator(seed: seed &* 13 &+ 3)
        if generator.unit() < 0.5 { return }
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let rules = (0..<5).filter { _ in generator.unit() < 0.7 }.map { name in
                RuleShare(
                    name: "\(name)", weight: .random(in: RuleShare.weights, using: &generator),
                    accountsPerSecond: hasLimits && generator.unit() < 0.3
                        ? [1, 50, 2000].randomElement(using: &generator) : nil,
                    maxQueuedAccounts: hasLimits && generator.unit() < 0.3 ? 1000 : nil)
            }
            self.rules.append(rules)
        }
    }

    private mutating func poison(_ count: Int, _ generator: inout SeededGenerator) {
        for index in 0..<count {
            poison[account(Int(generator.unit() * Double(accounts)))] = 100_000 + index
        }
    }
}

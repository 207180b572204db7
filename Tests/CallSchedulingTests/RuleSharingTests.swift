import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

/// What callers get under rules.
@Suite struct RuleSharingTests {
    private var bench = SchedulerBench()
    private var shares = RuleShares.none

    private mutating func apply(_ rules: [RuleShare]) {
        shares = shares.replaced(by: rules)
        bench.scheduler.change(shares, now: bench.now)
        bench.pass()
    }

    private mutating func apply(weights: [Int]) {
        apply(zip(0..., weights).map { RuleShare(name: "\($0)", weight: $1) })
    }

    /// Asks for as many accounts as are served in several seconds.
    private mutating func ask(
        _ count: Int, rule: Int, uid: UInt32 = 1, connection: UInt64, prefix: String? = nil,
        timeout: Duration = .seconds(30)
    ) -> RequestKey {
        let prefix = prefix ?? "\(rule)"
        return bench.ask(
            (0..<count).map { Account("\(prefix) \(connection) \($0)") }, rule: shares.indexes[rule], uid: uid,
            connection: connection, timeout: timeout)
    }

    /// Answers every call a round trip after it left. Gives the accounts served in each second, by the words before their first space.
    private mutating func serve(seconds: Int) -> [[String: Int]] {
        (0..<seconds).map { _ in
            var counts: [String: Int] = [:]
            for _ in 0..<50 {
                let calls = bench.pass(.milliseconds(20))
                for account in calls.flatMap(\.accounts) {
                    counts[String(account.text.prefix { $0 != " " }), default: 0] += 1
                }
                for call in calls { bench.answer(call.key, call.accounts) }
            }
            return counts
        }
    }

    /// Whether each rule has its part of what was served in any five seconds, within 2 %.
    private func expect(_ served: [[String: Int]], hasParts weights: [String: Int]) {
        let sum = weights.values.reduce(0, +)
        for first in 0...(served.count - 5) {
            let window = served[first..<first + 5].reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
            let all = window.values.reduce(0, +)
            #expect(all > 45_000)
            for (rule, weight) in weights {
                let part = Double(all * weight) / Double(sum)
                #expect(abs(Double(window[rule, default: 0]) - part) <= 0.02 * part, "\(rule) of \(window)")
            }
        }
    }

    @Test(arguments: [[20, 1], [3, 2, 1], [1, 1]])
    mutating func inAnyFiveSecondsEachRuleHasItsPart(weights: [Int]) {
        apply(weights: weights)
        for rule in weights.indices { _ = ask(80_000, rule: rule, connection: UInt64(rule)) }
        let parts = Dictionary(uniqueKeysWithValues: zip(weights.indices.map(String.init), weights))
        expect(serve(seconds: 6), hasParts: parts)
    }

    /// The tree is rule, then user, then connection, however many there are of each. A uid under two rules counts in both.
    @Test mutating func manyUsersOfARuleShareItsPart() {
        apply(weights: [1, 1])
        for connection in UInt64(1)...3 { _ = ask(20_000, rule: 0, uid: 7, connection: connection, prefix: "a") }
        for uid in UInt32(1)...4 {
            _ = ask(20_000, rule: 0, uid: uid, connection: UInt64(10 + uid), prefix: "b")
        }
        _ = ask(60_000, rule: 1, uid: 7, connection: 20, prefix: "c")
        expect(serve(seconds: 5), hasParts: ["a": 1, "b": 4, "c": 5])
    }

    @Test mutating func aReloadChangesThePartsAndARuleThatVanishesGoesOnAsItWas() {
        apply(weights: [1, 1, 2])
        for rule in 0..<3 { _ = ask(80_000, rule: rule, connection: UInt64(rule)) }
        _ = serve(seconds: 1)
        apply(weights: [4, 1])
        expect(serve(seconds: 5), hasParts: ["0": 4, "1": 1, "2": 2])
        #expect(bench.scheduler.snapshot(at: bench.now).rules.map(\.index) == shares.indexes)
    }

    /// Another rule applies to a connection: what is open stays under the first one, and it is all paused together.
    @Test mutating func aConnectionMayHaveRequestsUnderTwoRules() {
        apply([RuleShare(name: "a"), RuleShare(name: "b", maxQueuedAccounts: 3)])
        bench.takeAllSlots()
        let first = ask(3, rule: 0, connection: 1)
        let second = ask(3, rule: 1, connection: 1)
        #expect(bench.scheduler.snapshot(at: bench.now).rules.map(\.openAccounts) == [3, 3])
        let caller = CallerKey(principal: Principal(rule: shares.indexes[0], uid: 1), connection: 1)
        bench.scheduler.readingStopped(caller)
        bench.freeSlot()
        #expect(bench.pass(.seconds(1)).isEmpty)
        bench.scheduler.readingResumed(caller)
        bench.pass(.seconds(1))
        bench.answerAll()
        #expect(bench.isAnswered(first) && bench.isAnswered(second))
        #expect(bench.scheduler.snapshot(at: bench.now).rules.map(\.openAccounts) == [0, 0])
    }

    // MARK: Limits

    @Test mutating func accountsOverTheRateWaitAndOthersDoNot() {
        apply([RuleShare(name: "slow", weight: 20, accountsPerSecond: 50), RuleShare(name: "other")])
        let slow = ask(5000, rule: 0, connection: 1, timeout: .seconds(200))
        _ = ask(80_000, rule: 1, connection: 2)
        let served = serve(seconds: 6)
        let counts = served.map { $0["0", default: 0] }
        // At once, what a full call has; then what comes.
        #expect(counts[0] >= 100 && counts[0] <= 150)
        #expect(counts[1...].allSatisfy { abs($0 - 50) <= 5 })
        #expect(served.allSatisfy { $0["1", default: 0] > 9700 })
        #expect(bench.finished[slow] == nil)
        let use = bench.scheduler.snapshot(at: bench.now).rules
        #expect(use[0].isDelayed && !use[1].isDelayed)
        #expect(abs(use[0].accountsInLastSecond - 50) <= 10 && use[1].accountsInLastSecond > 9000)
        #expect(use[0].servedAccounts == counts.reduce(0, +))
    }

    /// A rule that goes as fast as it may makes ten calls a second at most beyond full ones, and no timer is set while nothing waits.
    @Test mutating func delayedAccountsShareCallsAndWakeNobodyOnceTheyHaveLeft() {
        apply([RuleShare(name: "slow", accountsPerSecond: 300)])
        _ = ask(1500, rule: 0, connection: 1, timeout: .seconds(200))
        let served = serve(seconds: 6)
        #expect(served.reduce(0) { $0 + $1["0", default: 0] } == 1500)
        #expect(bench.started.count <= 3 + 40)
        bench.pass(.seconds(3))
        #expect(bench.scheduler.nextEvent(now: bench.now) == nil)
    }

    @Test mutating func whatIsCertainToBeTooLateIsRefusedAtOnceAndTheRestAtItsDeadline() throws {
        apply([RuleShare(name: "slow", accountsPerSecond: 10)])
        let late = ask(200, rule: 0, connection: 1, timeout: .seconds(5))
        guard case .deadlineExceeded(0, let retryAfter?) = try #require(bench.finished[late]) else {
            Issue.record("wrong outcome")
            return
        }
        #expect(retryAfter == .seconds(10))
        // Either might be in time, but not both.
        let first = ask(140, rule: 0, connection: 1, prefix: "a", timeout: .seconds(5))
        let second = ask(140, rule: 0, connection: 2, prefix: "b", timeout: .seconds(5))
        _ = serve(seconds: 6)
        for key in [first, second] {
            guard case .deadlineExceeded(70..<80, nil) = try #require(bench.finished[key]) else {
                Issue.record("wrong outcome: \(String(describing: bench.finished[key]))")
                return
            }
        }
        #expect(bench.scheduler.nextEvent(now: bench.now) == nil)
    }

    @Test mutating func aRateThatIsLiftedOrLoweredHoldsAtOnce() {
        apply([RuleShare(name: "a", accountsPerSecond: 10)])
        _ = ask(30_000, rule: 0, connection: 1, timeout: .seconds(4000))
        _ = serve(seconds: 1)
        apply([RuleShare(name: "a")])
        #expect(serve(seconds: 1)[0]["0", default: 0] > 8000)
        apply([RuleShare(name: "a", accountsPerSecond: 10)])
        #expect(serve(seconds: 2)[1]["0", default: 0] <= 11)
    }

    @Test mutating func theRuleWithTooManyWaitingAccountsIsRefused() throws {
        apply([RuleShare(name: "a", maxQueuedAccounts: 600), RuleShare(name: "b")])
        bench.takeAllSlots()
        let taken = ask(600, rule: 0, uid: 1, connection: 1)
        let refused = ask(1, rule: 0, uid: 2, connection: 2)
        guard case .overloaded(.perRule(600), let retryAfter) = try #require(bench.finished[refused]) else {
            Issue.record("wrong outcome")
            return
        }
        #expect(retryAfter > .zero)
        #expect(bench.finished[ask(700, rule: 1, uid: 1, connection: 3)] == nil)
        bench.withdraw(taken)
        #expect(bench.finished[ask(600, rule: 0, uid: 2, connection: 2, prefix: "again")] == nil)
    }

    // MARK: Offenders

    /// A user that offends has calls of its own within its rule's part: here a quarter of the calls, and all that they carry.
    @Test mutating func theSearchForOffendersIsPaidByTheirRule() {
        apply(weights: [3, 1])
        _ = ask(80_000, rule: 0, uid: 1, connection: 1)
        let offender = CallerKey(principal: Principal(rule: shares.indexes[1], uid: 1), connection: 2)
        bench.scheduler.offences.suspect(offender.principal, now: bench.now)
        bench.scheduler.lanes.separate(offender.principal, charging: 0)
        _ = ask(80_000, rule: 1, uid: 1, connection: 2)
        expect(serve(seconds: 5), hasParts: ["0": 3, "1": 1])
    }

    @Test mutating func anOffendersAccountsWaitForTheirRulesTokensToo() {
        apply([RuleShare(name: "a", accountsPerSecond: 100)])
        let offender = CallerKey(principal: Principal(rule: shares.indexes[0], uid: 1), connection: 1)
        bench.scheduler.offences.suspect(offender.principal, now: bench.now)
        bench.scheduler.lanes.separate(offender.principal, charging: 0)
        _ = ask(5000, rule: 0, uid: 1, connection: 1, timeout: .seconds(200))
        let counts = serve(seconds: 4).map { $0["0", default: 0] }
        #expect(counts[0] <= 200 && counts[1...].allSatisfy { abs($0 - 100) <= 10 })
    }
}

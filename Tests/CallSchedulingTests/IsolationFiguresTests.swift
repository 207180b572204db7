import AttributeValues
import Testing

@testable import CallScheduling

/// What the innocent get beside accounts at fault, and what a failing upstream is asked: figures of ``Scenario``.
///
/// 100 calls a second, a round trip of 20 ms. One after the other: the tests that wait for a process need a thread too.
@Suite(.serialized) struct IsolationFiguresTests {
    private static let code = Scenario.Fate.code(90003, .account)

    /// A hundred callers in one call, of which some ask for a bad account.
    private static func oneCall(bad: Int, _ fate: Scenario.Fate, callers: Int? = nil) -> Scenario {
        var scenario = Scenario()
        scenario.badFate = fate
        scenario.duration = 20
        scenario.add(1, uid: 9, .once(timeout: 10))
        scenario.add(100 - bad, .once(timeout: 15), starts: 1)
        scenario.add(bad, .once(timeout: 15), badPart: 1, starts: 1)
        var generator = SeededGenerator(seed: 5)
        scenario.callers[1...].shuffle(using: &generator)
        scenario.run()
        return scenario
    }

    @Test(arguments: [(1, 12, 0.3), (2, 22, 0.3), (10, 73, 0.4), (50, 134, 1.4)])
    func badAccountsOfOneCallByCode(bad: Int, calls: Int, p99: Double) {
        let scenario = Self.oneCall(bad: bad, Self.code)
        let innocent = scenario.figures["innocent"]
        #expect(innocent?.part == 1 && innocent?.answered == 101 - bad)
        #expect(scenario.figures["offender"]?.codes == [90003: bad])
        #expect(scenario.calls - 1 <= calls)
        #expect((innocent?.p99 ?? 9) <= p99)
        #expect(scenario.problems.isEmpty)
    }

    @Test(arguments: [1, 2, 10, 50]) func badAccountsOfOneCallByStatusAndByHanging(bad: Int) {
        for (fate, p99) in [(Scenario.Fate.status, 2.1), (.hang, 5.5)] {
            let scenario = Self.oneCall(bad: bad, fate)
            #expect(scenario.figures["innocent"]?.part == 1)
            #expect((scenario.figures["innocent"]?.p99 ?? 9) <= p99)
            #expect(scenario.calls <= 144 && scenario.problems.isEmpty)
        }
    }

    @Test(arguments: [(code, 10, 1200), (.status, 10, 960), (.hang, 5, 1370)])
    func offendersAmongScriptsOfOneUser(fate: Scenario.Fate, offenders: Int, answers: Int) {
        var scenario = Scenario()
        scenario.badFate = fate
        scenario.duration = 5
        scenario.measuresFrom = 2
        scenario.add(50, .script(pause: 0, timeout: 30))
        scenario.add(offenders, .script(pause: 0, timeout: 30), badPart: 1)
        scenario.run()
        let innocent = scenario.figures["innocent"]
        #expect(innocent?.failed == 0)
        #expect(Double(innocent?.answered ?? 0) / 3 >= Double(answers))
        #expect((innocent?.p99 ?? 9) <= 0.125 && scenario.problems.isEmpty)
    }

    /// An attacker of another user, also one that connects anew for each request, beside scripts and a bulk job.
    @Test(arguments: [(code, 4500.0, 8.0), (.status, 4000, 8), (.hang, 5900, 16)], [false, true])
    func anAttackerOfAnotherUser(_ row: (fate: Scenario.Fate, bulk: Double, seconds: Double), reconnects: Bool) {
        var scenario = Scenario()
        scenario.badFate = row.fate
        scenario.duration = row.seconds
        scenario.measuresFrom = row.seconds - 5
        scenario.group = Scenario.apart
        scenario.add(60, .script(pause: 0, timeout: 30))
        scenario.add(1, .bulk(open: 8, timeout: 30))
        scenario.add(40, uid: 2, .script(pause: 0, timeout: 30), badPart: 1, reconnects: reconnects)
        scenario.run()
        #expect(scenario.figures["innocent"]?.failed == 0 && scenario.figures["bulk"]?.failed == 0)
        #expect((scenario.figures["innocent"]?.p99 ?? 9) <= 0.11)
        #expect(Double(scenario.figures["bulk"]?.accounts ?? 0) / 5 >= row.bulk)
        #expect(scenario.problems.isEmpty)
    }

    /// An attacker's accounts are answered alone, so that none of them is ever found at fault.
    @Test(arguments: [1, 40]) func anAttackerWhoseAccountsFailOnlyBesideOthers(connections: Int) {
        var scenario = Scenario()
        scenario.badFate = Self.code
        scenario.isBadOnlyBesideOthers = true
        scenario.duration = 9
        scenario.measuresFrom = 1
        scenario.group = Scenario.apart
        scenario.add(1, .script(pause: 0.02, timeout: 30))
        scenario.add(1, uid: 3, .bulk(open: 8, timeout: 30))
        scenario.add(connections, uid: 2, .script(pause: 0, timeout: 30), badPart: 1, starts: 1)
        scenario.run()
        #expect(scenario.figures["innocent"]?.failed == 0 && scenario.figures["bulk"]?.failed == 0)
        #expect((scenario.figures["innocent"]?.p99 ?? 9) <= 0.1)
        #expect((scenario.figures["bulk"]?.accounts ?? 0) >= 45_000)
        #expect(scenario.problems.isEmpty)
    }

    /// Scripts and a bulk job of two users beside an attacker of a third one, which begins after a second. Figures are
    /// taken two seconds later: until then it is found out, and the requests in its first calls wait for that.
    private static func besideAnAttacker(
        _ fate: Scenario.Fate, connections: Int, badPart: Double = 1, withdrawsAfter: Double? = nil
    ) -> Scenario {
        var scenario = Scenario()
        scenario.badFate = fate
        scenario.duration = 6
        scenario.measuresFrom = 3
        scenario.group = Scenario.apart
        scenario.add(60, .script(pause: 0.02, timeout: 30))
        scenario.add(1, uid: 3, .bulk(open: 8, timeout: 30))
        scenario.add(
            connections, uid: 2, .script(pause: 0, timeout: 30), badPart: badPart, withdrawsAfter: withdrawsAfter,
            starts: 1)
        scenario.run()
        return scenario
    }

    /// A caller that asks every 20 ms, and for which no request waits most of the time, beside an attacker with a hundred requests open: the slots
    /// and calls that it needs are not taken by then.
    @Test(arguments: [Scenario.Fate.odd, .status, .hang], [1.0, 0.1])
    func aSteadyCallerBesideAnAttacker(fate: Scenario.Fate, badPart: Double) {
        var scenario = Scenario()
        scenario.badFate = fate
        scenario.delay = 0.022
        scenario.duration = 7
        scenario.measuresFrom = 2
        scenario.add(1, .steady(every: 0.02, timeout: 30))
        scenario.add(4, uid: 2, .eager(open: 25, timeout: 30), badPart: badPart, starts: 1)
        scenario.run()
        let innocent = scenario.figures["innocent"]
        #expect(innocent?.failed == 0 && innocent?.answered ?? 0 >= 245)
        #expect((innocent?.p99 ?? 9) <= 0.125)
        #expect(scenario.problems.isEmpty)
    }

    /// Each answer to the attacker's calls is good for all accounts, and has more than it should: its slot is held for two seconds.
    @Test(arguments: [(1, 1.0), (40, 1.0), (40, 0.1)])
    func anAttackerWhoseAnswersBringMoreThanTheyShould(connections: Int, badPart: Double) {
        let scenario = Self.besideAnAttacker(.odd, connections: connections, badPart: badPart)
        #expect(scenario.figures["innocent"]?.failed == 0 && scenario.figures["bulk"]?.failed == 0)
        #expect((scenario.figures["innocent"]?.p99 ?? 9) <= 0.1)
        // A third of all slots is its part.
        #expect((scenario.figures["bulk"]?.accounts ?? 0) >= 3 * 3_700)
        #expect(scenario.problems.isEmpty)
    }

    /// The attacker gives its requests up as soon as they are in a call, so that none of its accounts is left to be found at fault.
    @Test(arguments: [
        (Scenario.Fate.odd, 0.1, 1_000, 5_000), (code, 0.1, 1_000, 5_000), (.status, 0.1, 1_000, 5_000),
        (.reset, 0.1, 1_000, 5_000),
        // The slots of its first calls come back in these seconds only.
        (.hang, 0.8, 800, 4_500),
    ])
    func anAttackerThatWithdrawsItsRequests(fate: Scenario.Fate, p99: Double, answers: Int, bulk: Int) {
        let scenario = Self.besideAnAttacker(fate, connections: 40, withdrawsAfter: 0.015)
        #expect(scenario.figures["innocent"]?.failed == 0 && scenario.figures["bulk"]?.failed == 0)
        #expect((scenario.figures["innocent"]?.p99 ?? 9) <= p99)
        #expect((scenario.figures["innocent"]?.answered ?? 0) >= 3 * answers)
        #expect((scenario.figures["bulk"]?.accounts ?? 0) >= 3 * bulk)
        #expect(scenario.problems.isEmpty)
    }

    @Test func anUpstreamThatFailsNowAndThenIsNotClosed() {
        var scenario = Scenario()
        scenario.random = 0.3
        scenario.duration = 8
        scenario.add(60, .script(pause: 0, timeout: 30))
        scenario.run()
        #expect((scenario.figures["innocent"]?.part ?? 0) >= 0.999)
        #expect((scenario.figures["innocent"]?.p99 ?? 9) <= 0.4)
        #expect(scenario.closed == nil && scenario.problems.isEmpty)
    }

    struct Outage: Sendable {
        let fate: Scenario.Fate
        let isCold: Bool
        /// Calls until the gate closes, and in ten seconds.
        let calls: (closing: Int, inAll: Int)
        let closesAfter: Double
    }

    static let outages = [
        // Twelve and twenty-four mostly; a bulk job may have three calls more under way.
        Outage(fate: .status, isCold: false, calls: (15, 27), closesAfter: 0.22),
        Outage(fate: .status, isCold: true, calls: (22, 34), closesAfter: 0.27),
        // Those under way are repeated once.
        Outage(fate: .reset, isCold: false, calls: (18, 30), closesAfter: 0.3),
        Outage(fate: .reset, isCold: true, calls: (22, 34), closesAfter: 0.3),
        Outage(fate: .hang, isCold: false, calls: (35, 45), closesAfter: 10.3),
        Outage(fate: .code(80003, .unknownCode), isCold: false, calls: (15, 22), closesAfter: 0.22),
        Outage(fate: .code(80003, .unknownCode), isCold: true, calls: (25, 31), closesAfter: 0.27),
        Outage(fate: .refused, isCold: false, calls: (12, 24), closesAfter: 1.1),
    ]

    @Test(arguments: outages, ["scripts", "bulk", "lone"])
    func anOutageClosesTheGateAndIsNotHammered(outage: Outage, callers: String) {
        var scenario = Scenario()
        let start = outage.isCold ? 0 : 1.0
        scenario.outage = (start, 1000, outage.fate)
        scenario.measuresFrom = start
        scenario.duration = start + (outage.fate == .hang ? 20 : 10)
        switch callers {
        case "scripts": scenario.add(60, .script(pause: 0, timeout: 30))
        case "bulk": scenario.add(1, .bulk(open: 8, timeout: 30))
        default: scenario.add(1, .script(pause: 0.05, timeout: 30))
        }
        scenario.run()
        let before = scenario.callTimes.count { $0 < start - 0.02 }
        #expect(scenario.closed != nil)
        #expect((scenario.closed?.calls ?? 999) - before <= outage.calls.closing)
        #expect((scenario.closed?.at ?? 999) - start <= outage.closesAfter)
        #expect(scenario.calls - before <= outage.calls.inAll)
        let figures = scenario.figures["innocent"]
        #expect(figures?.withoutRetryTime == 0)
        let code = if case .code(let code, _) = outage.fate { code } else { CallFailure.unreachable }
        #expect(figures.map { Set($0.codes.keys) }?.isSubset(of: [code]) != false)
        #expect(scenario.problems.isEmpty)
    }

    @Test(arguments: [Scenario.Fate.status, .reset, .refused])
    func theGateOpensSoonAfterAnOutage(fate: Scenario.Fate) throws {
        var scenario = Scenario()
        scenario.outage = (1, 4, fate)
        scenario.duration = 9
        scenario.add(60, .script(pause: 0, timeout: 30))
        scenario.run()
        #expect(try #require(scenario.reopened) <= 5.5)
    }

    @Test func anAdminAccountThatAlwaysFailsKeepsNoCallerOut() {
        for fate in [Self.code, .status] {
            var scenario = Scenario()
            scenario.badFate = fate
            scenario.refereeFails = true
            scenario.duration = 4
            scenario.add(50, .script(pause: 0, timeout: 30))
            scenario.add(2, uid: 2, .script(pause: 0, timeout: 30), badPart: 1)
            scenario.run()
            #expect(scenario.figures["innocent"]?.failed == 0)
        }
    }

    @Test(arguments: [1, 5, 10]) func onePoisonAtALowRateLimit(rate: Int) {
        for fate in [Self.code, .status] {
            var scenario = Scenario(rate: rate)
            scenario.badFate = fate
            scenario.duration = 40
            scenario.add(59, .once(timeout: 30))
            scenario.add(1, .once(timeout: 30), badPart: 1)
            scenario.run()
            #expect(scenario.figures["innocent"]?.answered == 59)
            #expect(scenario.calls <= 13 && scenario.problems.isEmpty)
        }
    }

    @Test(arguments: [(1, 1), (60, 7)]) func deadPooledConnectionsFailNoRequest(scripts: Int, repeats: Int) {
        var scenario = Scenario()
        scenario.deadConnections = 30
        scenario.duration = 3
        scenario.add(scripts, .script(pause: 0, timeout: 30))
        scenario.run()
        #expect(scenario.figures["innocent"]?.failed == 0)
        #expect((scenario.figures["innocent"]?.worst ?? 9) <= 0.1)
        #expect(scenario.scheduler.counters.staleRepeats <= repeats)
    }
}

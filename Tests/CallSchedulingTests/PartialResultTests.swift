import AttributeValues
import Testing

@testable import CallScheduling

/// Requests that accept what was fetched when other accounts fail.
@Suite struct PartialResultTests {
    /// The accounts that were answered or are missing, and why each of the others failed: a code, or -32001, or -32004.
    private struct End: Equatable {
        var answered: [Int] = []
        var missing: [Int] = []
        var failed: [Int: Int] = [:]

        init(answered: [Int] = [], missing: [Int] = [], failed: [Int: Int] = [:]) {
            (self.answered, self.missing, self.failed) = (answered, missing, failed)
        }

        init?(_ outcome: RequestOutcome?) {
            guard case .partly(let partial) = outcome else { return nil }
            #expect(partial.failed.map(\.index) == partial.failed.map(\.index).sorted())
            for (index, reason) in partial.failed {
                switch reason {
                case .failure(let failure): failed[index] = failure.code
                case .deadlineExceeded: failed[index] = -32001
                case .overloaded: failed[index] = -32000
                case .shuttingDown: failed[index] = -32004
                }
            }
            for index in partial.results.indices {
                if partial.results.attrsCount(at: index) != nil {
                    answered.append(index)
                } else if failed[index] == nil {
                    missing.append(index)
                }
            }
        }
    }

    private let accounts = SchedulerBench.accounts(0..<3)

    /// One call fails and the other one is answered.
    private func halfFailed(acceptsPartial: Bool) -> RequestOutcome? {
        var bench = SchedulerBench(rate: 10)
        let key = bench.ask(SchedulerBench.accounts(0..<150), acceptsPartial: acceptsPartial)
        let calls = bench.pass(.milliseconds(200))
        #expect(calls.count == 2)
        bench.fail(calls[0].key, 70009, .credential)
        bench.answer(calls[1].key, calls[1].accounts, missing: ["user149"])
        bench.pass()
        return bench.finished[key]
    }

    @Test func whatWasFetchedIsTheResult() throws {
        let end = try #require(End(halfFailed(acceptsPartial: true)))
        #expect(end.answered == Array(100..<149))
        #expect(end.missing == [149])
        #expect(end.failed == Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, 70009) }))
    }

    @Test func otherRequestsFailWhole() {
        guard case .failed(let failure) = halfFailed(acceptsPartial: false) else {
            Issue.record("not failed")
            return
        }
        #expect(failure.first.code == 70009 && failure.fetched == 50)
    }

    @Test func aResultWithoutAnAnswerIsAnError() {
        var bench = SchedulerBench()
        let key = bench.ask(accounts, acceptsPartial: true)
        bench.fail(bench.pass()[0].key, 70009, .credential)
        guard case .failed = bench.finished[key] else {
            Issue.record("not failed")
            return
        }
    }

    /// That upstream does not know an account is an answer.
    @Test func aMissingAccountIsFetched() {
        var bench = SchedulerBench(inFlight: 1, heldBytes: 1 << 20)
        bench.ask([accounts[0]])
        bench.answer(bench.pass()[0].key, [accounts[0]], missing: [accounts[0]])
        bench.pass(.seconds(1))
        let key = bench.ask(accounts, timeout: .seconds(1), maxAge: .seconds(60), acceptsPartial: true)
        bench.pass(.seconds(1))
        #expect(End(bench.finished[key]) == End(missing: [0], failed: [1: -32001, 2: -32001]))
    }

    @Test func theDeadlineEndsItWithWhatWasFetched() {
        var bench = SchedulerBench(rate: 1)
        let key = bench.ask(SchedulerBench.accounts(0..<101), timeout: .milliseconds(5500), acceptsPartial: true)
        bench.answer(bench.pass()[0].key, SchedulerBench.accounts(0..<100))
        bench.pass(.seconds(6))
        #expect(End(bench.finished[key]) == End(answered: Array(0..<100), failed: [100: -32001]))
    }

    @Test func withoutAnAnswerTheDeadlineIsAnError() {
        var bench = SchedulerBench()
        let key = bench.ask(accounts, timeout: .seconds(1), acceptsPartial: true)
        bench.pass(.seconds(1))
        guard case .deadlineExceeded(fetched: 0, _) = bench.finished[key] else {
            Issue.record("not expired")
            return
        }
    }

    @Test func stoppingEndsItWithWhatWasFetched() {
        var bench = SchedulerBench(rate: 1)
        let key = bench.ask(SchedulerBench.accounts(0..<101), acceptsPartial: true)
        bench.answer(bench.pass()[0].key, SchedulerBench.accounts(0..<100))
        bench.stop()
        #expect(End(bench.finished[key]) == End(answered: Array(0..<100), failed: [100: -32004]))
    }
}

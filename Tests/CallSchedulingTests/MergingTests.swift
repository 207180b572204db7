import AttributeValues
import Testing

@testable import CallScheduling

/// Which calls leave, and which request gets which answer.
@Suite struct MergingTests {
    private var bench = SchedulerBench()

    @Test(arguments: [
        (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50]), (500, [100, 100, 100, 100, 100]),
    ])
    mutating func aRequestIsSplitIntoCallsOfAtMostAHundred(count: Int, sizes: [Int]) {
        bench.ask(0..<count)
        #expect(bench.started.isEmpty)
        let calls = bench.pass()
        #expect(calls.map(\.accounts.count) == sizes)
        #expect(calls.flatMap(\.accounts) == SchedulerBench.accounts(0..<count))
        #expect(bench.scheduler.requests.waiting == 0)
    }

    @Test mutating func whatIsAskedForInTheSameTurnSharesACall() {
        for index in 0..<60 { bench.ask(index..<index + 1, connection: UInt64(index)) }
        #expect(bench.pass().map(\.accounts.count) == [60])
    }

    @Test(arguments: [1, 99, 100, 101, 777])
    mutating func distinctAccountsCostExactlyTheCallsThatTheyFill(count: Int) {
        bench.takeAllSlots()
        var generator = SeededGenerator(seed: UInt64(count))
        var keys: [RequestKey] = []
        for connection in UInt64(1)...30 {
            let first = Int(generator.unit() * Double(count))
            keys.append(bench.ask(first..<count, uid: UInt32(connection % 5), connection: connection))
        }
        keys.append(bench.ask(0..<count))
        bench.scheduler.limiter.changeSlots { $0 = SlotTable(limit: 100) }
        let calls = bench.pass(.seconds(1))
        #expect(calls.count == (count + 99) / 100)
        #expect(Set(calls.flatMap(\.accounts)).count == count)
        for call in calls { bench.answer(call.key, call.accounts) }
        bench.pass()
        #expect(keys.allSatisfy(bench.isAnswered))
    }

    @Test mutating func noRequestIsAnsweredFromACallThatLeftBeforeIt() {
        let first = bench.ask(0..<1)
        let call = bench.pass()[0]
        let second = bench.ask(0..<1)
        #expect(bench.pass().map(\.accounts) == [[Account("user0")]])
        bench.answer(call.key, call.accounts)
        #expect(bench.isAnswered(first))
        #expect(!bench.isAnswered(second))
        bench.answer(bench.started[1].key, call.accounts)
        #expect(bench.isAnswered(second))
    }

    @Test mutating func whoAcceptsOlderAnswersJoinsACallUnderWay() {
        bench.ask(0..<1)
        let call = bench.pass()[0]
        bench.pass(.milliseconds(10))
        let patient = bench.ask(0..<1, maxAge: .milliseconds(10))
        let strict = bench.ask(0..<1, maxAge: .milliseconds(9))
        bench.answer(call.key, call.accounts)
        #expect(bench.isAnswered(patient))
        #expect(!bench.isAnswered(strict))
    }

    @Test mutating func heldAnswersAreAsOldAsTheCallThatFetchedThem() {
        bench = SchedulerBench(heldBytes: 10_000)
        bench.ask(0..<1)
        let call = bench.pass()[0]
        bench.pass(.seconds(1))
        bench.answer(call.key, call.accounts)
        bench.pass(.seconds(1))
        let patient = bench.ask(0..<1, maxAge: .seconds(2))
        let strict = bench.ask(0..<1, maxAge: .milliseconds(1999))
        let other = bench.ask(0..<1)
        #expect([patient, strict, other].map(bench.isAnswered) == [true, false, false])
        #expect(bench.scheduler.counters.fromMemory == 1)
    }

    @Test mutating func aFailedRequestsRepetitionAsksOnlyForWhatFailed() {
        bench = SchedulerBench(heldBytes: 100_000)
        let key = bench.ask(0..<150)
        let calls = bench.pass()
        bench.answer(calls[0].key, calls[0].accounts)
        bench.serve(from: 1, bad: Set(calls[1].accounts), 80003, .unknownCode)
        #expect(bench.failure(of: key)?.fetched == 100)
        #expect(bench.failure(of: key)?.failed.count == 50)
        bench.pass(.seconds(1))
        let first = bench.started.count
        bench.ask(0..<150, maxAge: .seconds(60))
        bench.pass(.seconds(5))
        #expect(bench.started[first...].flatMap(\.accounts).allSatisfy { calls[1].accounts.contains($0) })
    }

    @Test mutating func answersComeInTheOrderOfTheRequestWhateverOrderTheCallsEndIn() throws {
        let key = bench.ask(0..<250)
        for call in bench.pass().reversed() {
            #expect(bench.finished.isEmpty)
            bench.answer(call.key, call.accounts, missing: ["user120"])
        }
        guard case .answered(let answers) = try #require(bench.finished[key]) else {
            Issue.record("not answered")
            return
        }
        #expect(answers.count == 250)
        #expect(answers.indices.filter { answers[$0].attrs == nil } == [120])
    }

    @Test mutating func whatIsHeldStandsWhereItWasAskedFor() throws {
        bench = SchedulerBench(heldBytes: 10_000)
        bench.ask(0..<5)
        let first = bench.pass()[0]
        bench.answer(first.key, first.accounts, missing: ["user1"])
        bench.pass(.seconds(2))
        let key = bench.ask(["user5", "user1", "user6", "user3", "user7"], maxAge: .seconds(60))
        let second = bench.pass(.seconds(2))[0]
        #expect(second.accounts == ["user5", "user6", "user7"])
        bench.answer(second.key, second.accounts, missing: ["user6"])
        guard case .answered(let answers) = try #require(bench.finished[key]) else {
            Issue.record("not answered")
            return
        }
        #expect(answers.map { $0.attrs != nil } == [true, false, false, true, true])
    }

    @Test mutating func accountsThatDifferOnlyInNormalisationAreTwo() throws {
        let composed = Account("caf\u{E9}")
        let decomposed = Account("cafe\u{301}")
        let key = bench.ask([composed, decomposed])
        bench.answer(bench.pass()[0].key, [composed, decomposed], missing: [composed])
        guard case .answered(let answers) = try #require(bench.finished[key]) else {
            Issue.record("not answered")
            return
        }
        #expect(answers.map { $0.attrs != nil } == [false, true])
    }

    @Test mutating func anAccountIsFetchedOnceHoweverManyWait() {
        bench.takeAllSlots()
        let keys = (0..<10_000).map { bench.ask(7..<8, connection: UInt64($0)) }
        bench.freeSlot()
        let calls = bench.pass()
        #expect(calls.map(\.accounts) == [[Account("user7")]])
        for key in keys.prefix(5000) { bench.withdraw(key) }
        bench.answer(calls[0].key, calls[0].accounts)
        bench.pass()
        #expect(bench.finished.count == 5000)
        #expect(keys.suffix(5000).allSatisfy(bench.isAnswered))
    }

    @Test mutating func aNewRequestForAnAccountUnderWayAgainIsServed() {
        bench.ask(0..<1)
        bench.fail(bench.pass()[0].key, 91000, .temporary)
        bench.answerReferees()
        let retried = bench.pass(.seconds(1))[0]
        // The account has failed once and is under way a second time: who asks now waits for a call of their own.
        let late = bench.ask(0..<1)
        bench.answer(retried.key, retried.accounts)
        let own = bench.pass()
        #expect(bench.started.count == 3)
        if let call = bench.started.last { bench.answer(call.key, call.accounts) }
        #expect(own.count <= 1)
        #expect(bench.isAnswered(late))
    }
}

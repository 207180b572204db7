import AttributeValues
import Testing

@testable import CallScheduling

private let start = Moment(nanoseconds: 50_000_000_000)

/// How often calls are tried again.
@Suite struct RetryTests {
    @Test func waitsGrowAndAreDrawnFromTheWholeOfTheirRange() {
        var numbers = SeededNumbers(seed: 3)
        for (attempts, longest) in [(1, 100), (2, 200), (4, 800), (7, 5000), (60, 5000)] {
            let waits = (0..<2000).map { _ in Backoff.delay(attempts: attempts, using: &numbers) }
            #expect(waits.allSatisfy { $0 >= .zero && $0 <= .milliseconds(longest) })
            #expect(waits.contains { $0 < .milliseconds(longest) / 10 })
            #expect(waits.contains { $0 > .milliseconds(longest) / 10 * 9 })
        }
    }
}

/// N, when upstream calls it too much.
@Suite struct RateAdaptationTests {
    @Test func theRateHalvesOnceARoundTripAndNeverBelowOne() {
        var adaptation = RateAdaptation(configured: 100)
        #expect(adaptation.refused(callStartedAt: start, now: start + .milliseconds(40)) == true)
        #expect(adaptation.refused(callStartedAt: start + .milliseconds(30), now: start + .milliseconds(50)) == false)
        #expect(adaptation.limit(at: start + .milliseconds(50)) == 50)
        for step in 2..<20 {
            _ = adaptation.refused(
                callStartedAt: start + .milliseconds(step * 100), now: start + .milliseconds(step * 100))
        }
        #expect(adaptation.limit(at: start + .milliseconds(1900)) == 1)
        #expect(adaptation.isLowered(at: start + .milliseconds(1900)))
    }

    @Test func aPercentOfTheRateComesBackEverySecond() {
        var adaptation = RateAdaptation(configured: 1000)
        _ = adaptation.refused(callStartedAt: start, now: start)
        #expect(adaptation.limit(at: start + .seconds(1)) == 510)
        #expect(adaptation.limit(at: start + .seconds(49)) == 990)
        #expect(adaptation.limit(at: start + .seconds(50)) == 1000)
        #expect(adaptation.limit(at: start + .seconds(500)) == 1000)
    }

    @Test(arguments: [1, 3, 7, 100, 999, 1_000_000]) func theNextRaiseIsTheMomentAtWhichTheRateIsHigher(rate: Int) {
        var adaptation = RateAdaptation(configured: rate)
        #expect(adaptation.nextRaise(after: start) == nil)
        _ = adaptation.refused(callStartedAt: start, now: start)
        var now = start
        for _ in 0..<min(rate / 2, 500) {
            guard let next = adaptation.nextRaise(after: now) else { break }
            #expect(next > now)
            #expect(adaptation.limit(at: next) == adaptation.limit(at: now) + 1)
            #expect(adaptation.limit(at: next - .microseconds(1)) <= adaptation.limit(at: now))
            now = next
        }
    }
}

/// c, the part of the round trip that is counted on.
@Suite struct RoundTripsTests {
    private func trips(_ count: Int, of duration: Duration = .milliseconds(40), from first: Moment = start)
        -> RoundTrips
    {
        var trips = RoundTrips(credit: 0.75)
        for index in 0..<count { trips.add(duration, at: first + .milliseconds(index)) }
        return trips
    }

    @Test func noCreditIsGivenBeforeTwentySamples() {
        var few = trips(19)
        #expect(few.lowerBound(now: start + .seconds(1)) == .zero)
        var enough = trips(20)
        #expect(enough.lowerBound(now: start + .seconds(1)) == .milliseconds(30))
    }

    @Test func aQuickerAnswerCountsAtOnceAndASlowerOneWhenTheMinuteIsOver() {
        var trips = trips(20)
        trips.add(.milliseconds(20), at: start + .seconds(10))
        #expect(trips.lowerBound(now: start + .seconds(10)) == .milliseconds(15))
        for second in 11..<100 { trips.add(.milliseconds(80), at: start + .seconds(second)) }
        #expect(trips.lowerBound(now: start + .seconds(70)) == .milliseconds(15))
        #expect(trips.lowerBound(now: start + .nanoseconds(70_000_000_001)) == .milliseconds(60))
    }

    @Test func afterAPauseTwentyMoreAreNeeded() {
        var trips = trips(20)
        #expect(trips.lowerBound(now: start + .seconds(61)) == .zero)
        trips.add(.seconds(1), at: start + .seconds(100))
        #expect(trips.lowerBound(now: start + .seconds(100)) == .zero)
    }

    @Test func withoutAConnectionAllIsForgotten() {
        var trips = trips(50)
        trips.forget()
        #expect(trips.lowerBound(now: start + .seconds(1)) == .zero)
    }
}

/// Who waits for an account.
@Suite struct WaitersTests {
    private func key(_ number: UInt64) -> RequestKey { RequestKey(number: number, place: Int(number)) }

    @Test func requestsComeAndGo() {
        var waiters = Waiters(key(3), index: 30)
        waiters.add(key(1), index: 10)
        waiters.add(key(2), index: 20)
        var seen: [Int] = []
        waiters.forEach { _, index in seen.append(index) }
        // In the order in which they came.
        #expect(seen == [30, 10, 20])
        #expect(waiters.count == 3 && waiters.contains(key(2)) && !waiters.contains(key(9)))
        #expect(waiters.first { $0 != key(3) } == key(1))
        #expect([1, 9, 2].map { waiters.remove(key($0)) } == [false, false, false])
        #expect(waiters.count == 1)
        #expect(waiters.remove(key(3)) == true)
    }

    /// Against a list, in a random order of events.
    @Test func manyComeAndGo() {
        var generator = SeededGenerator(seed: 7)
        var waiters = Waiters(key(1), index: 1)
        var expected = [1]
        for number in 2...5000 {
            if number % 3 == 0, let leaving = expected.randomElement(using: &generator), expected.count > 1 {
                let isEmpty = waiters.remove(key(UInt64(leaving)))
                #expect(!isEmpty)
                expected.removeAll { $0 == leaving }
            }
            waiters.add(key(UInt64(number)), index: number)
            expected.append(number)
        }
        let isAnyLeft = waiters.removeAll { request, index in key(UInt64(index)) == request && index % 2 == 0 }
        #expect(isAnyLeft)
        expected.removeAll { $0 % 2 == 0 }
        var others = Waiters(key(9001), index: 9001)
        others.add(key(9000), index: 9000)
        waiters.add(others)
        expected += [9001, 9000]
        var seen: [Int] = []
        waiters.forEach { seen.append($1) }
        #expect(seen == expected && waiters.count == expected.count)
        #expect((1...5000).allSatisfy { waiters.contains(key(UInt64($0))) == expected.contains($0) })
        let isAnyLeftAtLast = waiters.removeAll { _, _ in true }
        #expect(!isAnyLeftAtLast)
    }

    @Test func theOnlyOneIsKnownByName() {
        var waiters = Waiters(key(3), index: 30)
        #expect(waiters.remove(key(4)) == false)
        waiters.add(key(4), index: 40)
        #expect(waiters.count == 2)
    }
}

@Suite struct PacerTests {
    private let start = Moment(nanoseconds: 5_000_000_000)

    /// How many calls may leave at once.
    private func burst(of pacer: Pacer) -> Int {
        var pacer = pacer
        var count = 0
        while pacer.earliestStart(now: start) <= start {
            pacer.take(now: start)
            count += 1
        }
        return count
    }

    @Test(arguments: [(1, 1), (9, 1), (100, 10), (1000, 100)])
    func aTenthOfASecondsCallsMayLeaveAtOnceAfterAPause(rate: Int, count: Int) {
        #expect(burst(of: Pacer(rate: rate)) == count)
    }

    @Test(arguments: [(1, 1), (29, 1), (100, 3), (1000, 33)])
    func fewMayWhileOthersWaitForSlots(rate: Int, count: Int) {
        var pacer = Pacer(rate: rate)
        pacer.backlogged(now: start)
        #expect(burst(of: pacer) == count)
    }

    @Test func whatIsLateOnceIsMadeUpFor() {
        var pacer = Pacer(rate: 100)
        var last = start
        for _ in 0..<1000 {
            // Each wake-up is three milliseconds late.
            last = pacer.earliestStart(now: last) + .milliseconds(3)
            pacer.take(now: last)
        }
        #expect(last - start < .milliseconds(9950))
    }
}

import NIOCore
import Testing

@testable import imattr_bench

/// The usual limiters do what they are known for, so that the comparison is fair.
struct LimiterTests {
    /// When calls leave if they always want to, within `seconds` from the first.
    private func sends<Limiter: CallLimiter>(_ limiter: Limiter, seconds: Int64) -> [Int64] {
        var limiter = limiter
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        var now = start
        var sends: [Int64] = []
        while true {
            now = limiter.earliestStart(now: now)
            guard now < start + .seconds(seconds) else { return sends }
            limiter.take(now: now)
            sends.append((now - start).nanoseconds / 1_000_000)
        }
    }

    @Test func aTokenBucketStartsWithABurst() {
        let sends = sends(TokenBucket(rate: 100), seconds: 3)
        #expect(sends.prefix(100).allSatisfy { $0 == 0 })
        #expect((398...400).contains(sends.count))
        #expect(sends[100] == 10)
    }

    @Test func aTokenBucketKeepsNoMoreThanASecondsWorth() {
        var bucket = TokenBucket(rate: 2)
        let start = NIODeadline.uptimeNanoseconds(0)
        for _ in 0..<2 { bucket.take(now: start) }
        let later = start + .seconds(60)
        for _ in 0..<2 {
            #expect(bucket.earliestStart(now: later) == later)
            bucket.take(now: later)
        }
        #expect(bucket.earliestStart(now: later) == later + .milliseconds(500))
    }

    @Test func evenSpacingIsEven() {
        #expect(sends(EvenSpacing(rate: 100), seconds: 1) == (0..<100).map { $0 * 10 })
    }

    @Test func aLogOfSendsLetsASecondsWorthLeaveEachSecond() {
        let sends = sends(LogOfSends(rate: 100), seconds: 3)
        #expect(
            sends == [Int64](repeating: 0, count: 100) + Array(repeating: 1000, count: 100)
                + Array(repeating: 2000, count: 100))
    }
}

import Glibc
import Testing

@testable import imattr_bench

struct StatisticsTests {
    @Test func percentilesAreByNearestRank() {
        let hundred = Percentiles((1...100).reversed().map { .milliseconds($0) })
        #expect(hundred.count == 100)
        #expect(hundred.value(at: 50) == .milliseconds(50))
        #expect(hundred.value(at: 99) == .milliseconds(99))
        #expect(hundred.value(at: 99.1) == .milliseconds(100))
        #expect(hundred.value(at: 100) == .milliseconds(100))
        #expect(hundred.value(at: 0) == .milliseconds(1))
        #expect(hundred.largest == .milliseconds(100))
    }

    @Test func percentilesOfFewAreThoseThatOccurred() {
        let three = Percentiles([.seconds(3), .seconds(1), .seconds(2)])
        #expect(three.value(at: 50) == .seconds(2))
        #expect(three.value(at: 99) == .seconds(3))
        #expect(Percentiles([.seconds(7)]).value(at: 1) == .seconds(7))
    }

    @Test func percentilesOfNothingAreNothing() {
        #expect(Percentiles([]).value(at: 50) == nil)
        #expect(Percentiles([]).largest == nil)
    }

    @Test func jainsIndexIsOneForEqualShares() {
        #expect(JainIndex.of([500, 500, 500]) == 1)
        #expect(JainIndex.of([1]) == 1)
    }

    @Test func jainsIndexIsThePartOfThoseWhoGetAnything() {
        #expect(JainIndex.of([7, 0, 0, 0]) == 0.25)
        #expect(JainIndex.of([7, 7, 0, 0]) == 0.5)
    }

    /// 10 callers with 900 and 10 with 1100: (20·1000)² / (20·(10·900² + 10·1100²)).
    @Test func jainsIndexOfUnequalShares() throws {
        let index = try #require(
            JainIndex.of([Int](repeating: 900, count: 10) + [Int](repeating: 1100, count: 10)))
        #expect(abs(index - 1 / 1.01) < 1e-12)
    }

    @Test func jainsIndexOfNothingIsNothing() {
        #expect(JainIndex.of([]) == nil)
        #expect(JainIndex.of([0, 0]) == nil)
    }

    @Test func samplesHaveAMedianAndASpread() {
        let samples = Samples([3, 1, 2, 5, 4])
        #expect(samples.median == 3)
        // The middle half is 2 to 4.
        #expect(samples.spread == 2.0 / 3)
        #expect(Samples([7, 7, 7]).spread == 0)
        #expect(Samples([]).median.isNaN)
    }

    @Test func ratiosAreOfTheSameRound() {
        let ratio = Samples([10, 20, 60]) / Samples([10, 10, 20])
        #expect(ratio.values == [1, 2, 3])
    }

    @Test func processorTimeGoesOnWithWork() throws {
        let before = try ProcessorTime.used(by: getpid())
        var number = 1
        while try ProcessorTime.used(by: getpid()) - before < .milliseconds(1) { number &*= 3 }
        #expect(try ProcessorTime.used(by: getpid()) > before)
        #expect(throws: File.Failure.self) { try ProcessorTime.used(by: 4_194_303) }
    }
}

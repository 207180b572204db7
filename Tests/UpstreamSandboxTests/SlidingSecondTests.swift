import NIOCore
import Testing

@testable import UpstreamSandbox

@Suite struct SlidingSecondTests {
    private func milliseconds(_ value: UInt64) -> NIODeadline { .uptimeNanoseconds(value * 1_000_000) }

    @Test func slidesWithEachArrival() {
        var second = SlidingSecond()
        let counts = [0, 100, 999, 1000, 1099, 1100, 5000].map { second.record(milliseconds($0)) }
        #expect(counts == [1, 2, 3, 3, 4, 4, 1])
        #expect(second.worst == 4)
    }

    @Test func twoArrivalsExactlyASecondApartShareNone() {
        var second = SlidingSecond()
        #expect(second.record(.uptimeNanoseconds(0)) == 1)
        #expect(second.record(.uptimeNanoseconds(1_000_000_000)) == 1)
        #expect(second.record(.uptimeNanoseconds(1_999_999_999)) == 2)
    }

    /// Two bursts either side of a full second's edge are what fixed windows miss.
    @Test func burstsAcrossAnEdge() {
        var second = SlidingSecond()
        for _ in 0..<100 { _ = second.record(milliseconds(990)) }
        for _ in 0..<100 { _ = second.record(milliseconds(1010)) }
        #expect(second.worst == 200)
    }

    @Test func agreesWithCountingEveryWindow() {
        var random = SeededGenerator(seed: 7)
        var times: [UInt64] = [0]
        for _ in 0..<500 { times.append((times.last ?? 0) + UInt64.random(in: 0...30, using: &random)) }
        var second = SlidingSecond()
        let counts = times.map { second.record(milliseconds($0)) }
        let expected = times.indices.map { last in times[...last].count { times[last] - $0 < 1000 } }
        #expect(counts == expected)
        #expect(second.worst == expected.max())
    }
}

import AttributeValues
import CallScheduling
import DaemonConfiguration
import Glibc
import Synchronization
import Systemd
import Testing
import UpstreamClient
import UpstreamSandbox

@testable import AttributeDaemon

/// The machine sleeps meanwhile.
struct SleepTests {
    private static let start = Moment(nanoseconds: 1_000_000_000_000)

    private static let request =
        #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["a"],"maxAgeMs":60000}}"#

    private static func reading(_ moment: Duration, asleep: Duration = .zero) -> ClockReading {
        ClockReading(moment: start + moment + asleep, awake: start + moment)
    }

    @Test func aSleepIsNoticedOnce() {
        var watch = SleepWatch(Self.reading(.zero))
        let readings = [
            Self.reading(.seconds(1)), Self.reading(.seconds(2), asleep: .microseconds(-300)),
            Self.reading(.seconds(3), asleep: .microseconds(300)), Self.reading(.seconds(3), asleep: .milliseconds(20)),
            Self.reading(.seconds(4), asleep: .milliseconds(20)), Self.reading(.seconds(5), asleep: .seconds(18000)),
        ]
        #expect(readings.map { watch.noticesSleep(in: $0) } == [false, false, false, true, false, true])
    }

    @Test func theClocksAreTheKernels() {
        let (before, reading) = (Moment.now(), ClockReading.now())
        #expect(before <= reading.moment && reading.moment <= .now())
        #expect(reading.awake <= .nowAwake())
    }

    /// By CLOCK_MONOTONIC, a slot that was held when the machine fell asleep is held as long as it was to be.
    @Test func aSleepBetweenTwoProcessesGivesNoSlotBack() throws {
        let file = try #require(MemoryFile.make(name: "test"))
        defer { close(file) }
        let until = Self.start + .seconds(1)
        var slots = SlotTable(limit: 1)
        slots.closed(slots.take(), at: until - SlotTable.holdAfterClose)
        slots.takeChanges { SlotMemory(descriptor: file, isNew: true).replace(with: $0, asleep: .seconds(10)) }
        let found = SlotMemory(descriptor: file, isNew: false).states(asleep: .seconds(18010))
        #expect(try found.get() == [.held(until: until + .seconds(18000))])
    }

    @Test func heldAnswersGrowOldAndTheLimiterWaits() async throws {
        let asleep = Mutex(Duration.zero)
        let clocks: @Sendable () -> ClockReading = {
            let reading = ClockReading.now()
            return ClockReading(moment: reading.moment + asleep.withLock { $0 }, awake: reading.awake)
        }
        try await DaemonUnderTest.run(flags: [.rateLimit: "1"], clocks: clocks) { test in
            let client = try await test.connect()
            let first = ContinuousClock.now
            for _ in 0..<2 { #expect(try await client.ask(Self.request).answered == ["a"]) }
            #expect(await test.sandbox.report().calls == 1)
            asleep.withLock { $0 = .seconds(18000) }
            let start = ContinuousClock.now
            #expect(try await client.ask(Self.request).answered == ["a"])
            #expect(await test.sandbox.report().calls == 2)
            // The slot of the first call would have been free five hours ago. It was held until now, unless this machine is slow.
            let wasHeld = start - first < .seconds(1)
            #expect(!wasHeld || ContinuousClock.now - start >= SlotTable.holdAfterClose)
            #expect(try await client.ask(Self.request).answered == ["a"])
            #expect(await test.sandbox.report().calls == 2)
            let status = try await test.status()
            #expect(status["uptimeSeconds"] as? Int ?? 0 >= 18000)
        }
    }
}

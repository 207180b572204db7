import NIOCore
import Testing

@testable import AttributeDaemon

struct RefusalLogTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test func aUserIsLoggedOnceAMinuteAndCountedMeanwhile() {
        var log = RefusalLog()
        #expect(log.note(1000, at: start) == 0)
        #expect(log.note(1000, at: start + .seconds(1)) == nil)
        #expect(log.note(1000, at: start + .seconds(59)) == nil)
        #expect(log.note(1001, at: start + .seconds(59)) == 0)
        #expect(log.note(1000, at: start + .seconds(60)) == 2)
        #expect(log.note(1000, at: start + .seconds(61)) == nil)
    }

    @Test func manyUsersDoNotFillMemory() {
        var log = RefusalLog()
        for uid in 0..<UInt32(RefusalLog.capacity) { _ = log.note(uid, at: start) }
        #expect(log.note(5000, at: start + .seconds(1)) == 0)
        #expect(log.note(5000, at: start + .seconds(2)) == 0)
        #expect(log.note(5000, at: start + .seconds(60)) == 0)
        #expect(log.note(5000, at: start + .seconds(61)) == nil)
    }
}

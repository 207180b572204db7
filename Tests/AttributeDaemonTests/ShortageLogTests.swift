import Testing

@testable import AttributeDaemon

struct ShortageLogTests {
    @Test func aShortageHasALineAtItsBeginAndOneWhenItIsOver() {
        var log = ShortageLog()
        #expect(log.changed(isShort: true) == .logBegin)
        #expect(log.changed(isShort: false) == .awaitCalm)
        #expect(log.calmed() == .logEnd(count: 1))
        #expect(log.changed(isShort: true) == .logBegin)
    }

    @Test func shortagesThatFollowEachOtherCloselyAreOne() {
        var log = ShortageLog()
        #expect(log.changed(isShort: true) == .logBegin)
        for _ in 0..<9 {
            #expect(log.changed(isShort: false) == .awaitCalm)
            #expect(log.changed(isShort: true) == .cancelCalm)
            #expect(log.calmed() == .nothing)
        }
        #expect(log.changed(isShort: false) == .awaitCalm)
        #expect(log.calmed() == .logEnd(count: 10))
    }
}

import AttributeValues
import Testing

@testable import AttributeDaemon

@Suite struct SharedTextTests {
    private let start = Moment(nanoseconds: 5_000_000_000)

    /// Asks, and builds if that is due.
    private func ask(_ text: inout SharedText, at now: Moment) -> [UInt8] {
        text.current(at: now) ?? text.keep([UInt8(truncatingIfNeeded: text.builds)], at: now)
    }

    @Test func aCallerThatAsksRarelyGetsANewTextEachTime() {
        var text = SharedText()
        for second in 0..<10 {
            for _ in 0..<SharedText.burst { _ = ask(&text, at: start + .seconds(second)) }
        }
        #expect(text.builds == 10 * SharedText.burst)
    }

    @Test func aFloodHasTenBuildsASecond() {
        var text = SharedText()
        for millisecond in 0..<10_000 { _ = ask(&text, at: start + .milliseconds(millisecond)) }
        #expect(text.builds >= 99)
        #expect(text.builds <= 100 + SharedText.burst)
    }

    /// Also after many discards, each of which costs a build.
    @Test(arguments: [0, 1, 3, 100])
    func noTextIsOlderThanTheInterval(discards: Int) {
        var text = SharedText()
        for _ in 0..<discards {
            text.discard()
            _ = ask(&text, at: start)
        }
        var builtAt = start
        for millisecond in 0..<3000 {
            let now = start + .milliseconds(millisecond)
            let before = text.builds
            _ = ask(&text, at: now)
            if text.builds > before { builtAt = now }
            #expect(now - builtAt <= SharedText.interval)
        }
    }

    @Test func aDiscardedTextIsBuiltAnewWhateverThereWas() {
        var text = SharedText()
        for _ in 0..<100 { _ = ask(&text, at: start) }
        #expect(text.builds == SharedText.burst)
        text.discard()
        #expect(ask(&text, at: start) == [UInt8(SharedText.burst)])
        #expect(ask(&text, at: start) == [UInt8(SharedText.burst)])
        #expect(text.builds == SharedText.burst + 1)
    }
}

import AttributeValues
import Testing

@testable import CallScheduling

/// Answers for callers who accept older ones.
@Suite struct AnswerCacheTests {
    private let start = Moment(nanoseconds: 50_000_000_000)

    private func answer(_ size: Int) -> AccountResult {
        AccountResult(attrs: Attrs(json: Array(repeating: 32, count: size)))
    }

    private func size(_ account: Account, in cache: AnswerCache) -> Int? {
        var cache = cache
        return cache.answer(for: account, maxAge: .seconds(9999), now: start)?.attrs?.json.count
    }

    @Test func whatWasNotUsedForLongestGoesFirst() {
        // An answer takes 64 bytes, and 136 for its texts: ten fit in a generation.
        var cache = AnswerCache(capacity: 20 * 200)
        let accounts = (100..<200).map { Account("\($0)") }
        for (number, account) in accounts.enumerated() {
            cache.hold(answer(133), for: account, asOf: start)
            #expect(cache.bytes <= 20 * 200)
            // The first one is asked for again and again.
            #expect(size(accounts[0], in: cache) == 133)
            _ = cache.answer(for: accounts[0], maxAge: .seconds(1), now: start)
            for recent in accounts[max(0, number - 8)...number] { #expect(size(recent, in: cache) == 133) }
            if number >= 20 { #expect(size(accounts[number - 19], in: cache) == nil) }
        }
        cache.capacity = 5 * 200
        #expect(cache.count == 0 && cache.bytes == 0)
        cache.hold(answer(133), for: "a", asOf: start)
        #expect(cache.count == 1 && cache.bytes == 198)
        cache.capacity = 0
        cache.hold(answer(133), for: "a", asOf: start)
        #expect(cache.count == 0 && cache.bytes == 0)
    }

    @Test func whatIsAskedForAgainTakesNoPlaceFromOthers() {
        var cache = AnswerCache(capacity: 2000)
        cache.hold(answer(100), for: "a", asOf: start)
        for turn in 0..<1000 { cache.hold(answer(100 - turn % 7), for: "b", asOf: start) }
        #expect(size("a", in: cache) == 100)
        #expect(size("b", in: cache) == 100 - 999 % 7)
        #expect(cache.count == 2)
    }

    @Test func whatIsTooLargePushesNothingOut() {
        var cache = AnswerCache(capacity: 1000)
        cache.hold(answer(100), for: "a", asOf: start)
        cache.hold(answer(5000), for: "b", asOf: start)
        #expect(size("a", in: cache) == 100 && size("b", in: cache) == nil)
        // But it is not answered with what was held before.
        cache.hold(answer(5000), for: "a", asOf: start)
        #expect(size("a", in: cache) == nil)
    }

    @Test func noAnswerIsGivenThatIsOlderThanAllowedOrThanAnHour() {
        var cache = AnswerCache(capacity: 1000)
        cache.hold(answer(1), for: "a", asOf: start)
        #expect(cache.answer(for: "a", maxAge: .seconds(5), now: start + .seconds(5)) != nil)
        #expect(cache.answer(for: "a", maxAge: .seconds(5), now: start + .milliseconds(5001)) == nil)
        #expect(cache.answer(for: "a", maxAge: .seconds(9999), now: start + .seconds(3600)) != nil)
        #expect(cache.answer(for: "a", maxAge: .seconds(9999), now: start + .seconds(3601)) == nil)
    }

    @Test func anAnswerThatTakesTheLastOnesPlaceIsAsNewAsItsCall() {
        var cache = AnswerCache(capacity: 1000)
        cache.hold(answer(3), for: "a", asOf: start)
        cache.hold(answer(2), for: "a", asOf: start + .seconds(10))
        #expect(cache.answer(for: "a", maxAge: .seconds(5), now: start + .seconds(12))?.attrs?.json.count == 2)
        cache.hold(answer(1), for: "a", asOf: start + .seconds(9))
        #expect(cache.answer(for: "a", maxAge: .seconds(5), now: start + .seconds(12))?.attrs?.json.count == 2)
    }

    @Test func aLateAnswerOfAnOlderCallDoesNotReplaceANewerOne() {
        var cache = AnswerCache(capacity: 1000)
        cache.hold(answer(3), for: "a", asOf: start + .seconds(1))
        cache.hold(answer(2), for: "a", asOf: start)
        #expect(cache.answer(for: "a", maxAge: .seconds(9), now: start + .seconds(1))?.attrs?.json.count == 3)
        cache.hold(answer(4), for: "a", asOf: start + .seconds(2))
        #expect(cache.answer(for: "a", maxAge: .seconds(9), now: start + .seconds(2))?.attrs?.json.count == 4)
        // Nor when the newer one is of the older generation.
        for name in ["b", "c", "d"] { cache.hold(answer(100), for: Account(name), asOf: start) }
        cache.hold(answer(1), for: "a", asOf: start)
        #expect(cache.answer(for: "a", maxAge: .seconds(9), now: start + .seconds(2))?.attrs?.json.count == 4)
    }

    @Test func whatItGivesIsWhatItWasGivenLast() {
        var generator = SeededGenerator(seed: 8)
        var cache = AnswerCache(capacity: 4000)
        var last: [Int: AccountResult] = [:]
        /// The latest to be used comes last.
        var used: [Int] = []
        for _ in 0..<20_000 {
            let number = Int(generator.unit() * 30)
            let account = Account("\(number + 100)")
            if generator.unit() < 0.5 {
                let found = cache.answer(for: account, maxAge: .seconds(9), now: start)
                // 150 to 270 bytes each: seven fit in any case.
                if used.suffix(6).contains(number) { #expect(found != nil) }
                if let found { #expect(found == last[number]) }
                if found == nil { continue }
            } else {
                let text = (0..<Int(generator.unit() * 100)).map { _ in UInt8(ascii: "a") + UInt8(generator.unit() * 26)
                }
                let result = AccountResult(
                    attrs: generator.unit() < 0.9 ? Attrs(json: text) : nil,
                    errorListEntry: generator.unit() < 0.2 ? Array(text.reversed()) : nil)
                cache.hold(result, for: account, asOf: start)
                last[number] = result
            }
            used.removeAll { $0 == number }
            used.append(number)
            #expect(cache.bytes <= 4000 && cache.count <= 30)
        }
    }
}

extension AnswerCache {
    fileprivate mutating func hold(_ answer: AccountResult, for account: Account, asOf moment: Moment) {
        // Between two others, of which nothing may be taken.
        let other = AccountResult(attrs: Attrs(json: [1, 2, 3]), errorListEntry: [4])
        hold(AccountResults([other, answer, other]), at: 1, for: account, asOf: moment)
    }

    fileprivate mutating func answer(for account: Account, maxAge: Duration, now: Moment) -> AccountResult? {
        var answers = AccountResults()
        return appendAnswer(to: &answers, for: account, maxAge: maxAge, now: now) ? answers[0] : nil
    }
}

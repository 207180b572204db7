import AttributeValues
import Testing

@testable import CallScheduling

/// Answers for callers who accept older ones.
@Suite struct AnswerCacheTests {
    private let start = Moment(nanoseconds: 50_000_000_000)

    private func answer(_ size: Int) -> AccountResult {
        AccountResult(attrs: Attrs(json: Array(repeating: 32, count: size)))
    }

    private func held(_ cache: AnswerCache, _ names: String...) -> [Bool] {
        var cache = cache
        return names.map { cache.answer(for: Account($0), maxAge: .seconds(9999), now: start) != nil }
    }

    @Test func theLeastRecentlyUsedGoesFirstWhenTheBytesAreFull() {
        var cache = AnswerCache(capacity: 3 * 260)
        for name in ["a", "b", "c"] { cache.hold(answer(99), for: Account(name), asOf: start) }
        #expect(cache.bytes == 3 * 260 && cache.count == 3)
        _ = cache.answer(for: "a", maxAge: .seconds(1), now: start)
        cache.hold(answer(99), for: "d", asOf: start)
        #expect(held(cache, "a", "b", "c", "d") == [true, false, true, true])
        cache.capacity = 300
        #expect(held(cache, "a", "c", "d") == [false, false, true])
        #expect(cache.bytes == 260)
        cache.capacity = 0
        #expect(cache.count == 0 && cache.bytes == 0)
    }

    @Test func whatIsTooLargePushesNothingOut() {
        var cache = AnswerCache(capacity: 1000)
        cache.hold(answer(100), for: "a", asOf: start)
        cache.hold(answer(5000), for: "b", asOf: start)
        #expect(held(cache, "a", "b") == [true, false])
    }

    @Test func noAnswerIsGivenThatIsOlderThanAllowedOrThanAnHour() {
        var cache = AnswerCache(capacity: 1000)
        cache.hold(answer(1), for: "a", asOf: start)
        #expect(cache.answer(for: "a", maxAge: .seconds(5), now: start + .seconds(5)) != nil)
        #expect(cache.answer(for: "a", maxAge: .seconds(5), now: start + .milliseconds(5001)) == nil)
        #expect(cache.count == 1)
        #expect(cache.answer(for: "a", maxAge: .seconds(9999), now: start + .seconds(3601)) == nil)
        #expect(cache.count == 0)
    }

    @Test func aLateAnswerOfAnOlderCallDoesNotReplaceANewerOne() {
        var cache = AnswerCache(capacity: 1000)
        cache.hold(answer(2), for: "a", asOf: start + .seconds(1))
        cache.hold(answer(3), for: "a", asOf: start)
        #expect(cache.answer(for: "a", maxAge: .seconds(9), now: start + .seconds(1))?.attrs?.json.count == 2)
        cache.hold(answer(4), for: "a", asOf: start + .seconds(2))
        #expect(cache.answer(for: "a", maxAge: .seconds(9), now: start + .seconds(2))?.attrs?.json.count == 4)
    }

    @Test func itAgreesWithASimpleModel() {
        var generator = SeededGenerator(seed: 8)
        var cache = AnswerCache(capacity: 2000)
        /// Least recently used first.
        var model: [(name: Int, size: Int)] = []
        for _ in 0..<20_000 {
            let name = Int(generator.unit() * 30)
            let place = model.firstIndex { $0.name == name }
            if generator.unit() < 0.5 {
                let found = cache.answer(for: Account("\(name + 100)"), maxAge: .seconds(9), now: start)
                #expect(found?.attrs?.json.count == place.map { model[$0].size })
                if let place { model.append(model.remove(at: place)) }
            } else {
                let size = Int(generator.unit() * 500)
                cache.hold(answer(size), for: Account("\(name + 100)"), asOf: start)
                if let place { model.remove(at: place) }
                model.append((name, size))
                while model.reduce(0, { $0 + $1.size + 163 }) > 2000 { model.removeFirst() }
            }
            #expect(cache.bytes == model.reduce(0) { $0 + $1.size + 163 })
        }
    }
}

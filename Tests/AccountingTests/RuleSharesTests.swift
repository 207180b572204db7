import Accounting
import Testing

/// How rules are numbered, and who is accounted under them.
@Suite struct RuleSharesTests {
    private func numbers(_ shares: RuleShares) -> [UInt32] { shares.indexes.map(\.number) }

    @Test func rulesAreNumberedInTheirOrder() {
        let shares = RuleShares([RuleShare(name: "a", weight: 3), RuleShare(name: "b")])
        #expect(numbers(shares) == [1, 2])
        #expect(shares[shares.indexes[0]] == RuleShare(name: "a", weight: 3))
        #expect(shares[.none] == nil && !shares.isEmpty && RuleShares.none.isEmpty)
    }

    @Test func aRuleKeepsItsNumberAndNoOtherGetsIt() {
        let first = RuleShares([RuleShare(name: "a"), RuleShare(name: "b"), RuleShare(name: "c")])
        let second = first.replaced(by: [RuleShare(name: "c", weight: 2), RuleShare(name: "new"), RuleShare(name: "a")])
        #expect(numbers(second) == [3, 4, 1])
        #expect(second[RuleIndex(number: 3)]?.weight == 2 && second[RuleIndex(number: 2)] == nil)
        // One that comes back after it had vanished is another one.
        let third = second.replaced(by: []).replaced(by: [RuleShare(name: "b"), RuleShare(name: "b")])
        #expect(numbers(third) == [5, 6])
    }

    @Test func weightsOutOfRangeCountAsTheNearest() {
        #expect([0, 1, 20, 21].map { RuleShare(name: "", weight: $0).weight } == [1, 1, 20, 20])
    }

    @Test func aUserIsAccountedUnderEachRule() {
        let (first, second) = (RuleIndex(number: 1), RuleIndex(number: 2))
        #expect(Principal(rule: first, uid: 7) != Principal(rule: second, uid: 7))
        #expect(Principal(rule: .none, uid: 7) == Principal(uid: 7))
        let sorted = [
            Principal(rule: second, uid: 1), .administrators, Principal(rule: first, uid: 9), Principal(uid: 0),
        ].sorted()
        #expect(sorted.map(\.rule.number) == [0, 0, 1, 2] && sorted[1] == .administrators)
        var pot = Pot(capacity: 100, floor: 1)
        let here = pot.makePlace(for: Principal(rule: first, uid: 7), name: 1)
        let isCharged = pot.charge(10, to: here)
        #expect(isCharged)
        #expect(pot.held(by: Principal(rule: second, uid: 7)) == 0)
    }
}

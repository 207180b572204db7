import Testing

@testable import imattr_bench

struct GrowthTests {
    @Test func theDearestRowIsComparedWithTheCheapestRoundByRound() throws {
        let section = Growth.section(
            "", [("1", Samples([90, 90, 90])), ("2", Samples([2, 4, 8])), ("3", Samples([3, 6, 12]))], from: 1)
        #expect(section.findings.map(\.what) == ["1", "2", "3", "dearest ÷ cheapest, from 2"])
        // Rounds that differ as much as these tell nothing by themselves.
        #expect(section.findings[1].value.isNaN)
        let growth = try #require(section.findings.last)
        #expect(growth.value == 1.5)
        #expect(growth.isMet)
    }

    @Test func growthThatIsTooMuchOrUnsteadyMissesItsTarget() throws {
        let much = Growth.section("", [("1", Samples([1, 1, 1])), ("2", Samples([1.6, 1.6, 1.6]))], from: 0)
        #expect(try #require(much.findings.last).isMet == false)
        let unsteady = Growth.section("", [("1", Samples([1, 1, 1])), ("2", Samples([1, 1.4, 1.8]))], from: 0)
        #expect(try #require(unsteady.findings.last).isMet == false)
    }
}

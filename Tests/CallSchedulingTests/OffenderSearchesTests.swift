import Accounting
import AttributeValues
import Testing

@testable import CallScheduling

@Suite struct OffenderSearchesTests {
    private var rides = Rides()
    private var searches = OffenderSearches()
    private let failure = CallFailure(.account, code: 90003, message: "x")

    private mutating func begin(_ numbers: Range<Int>) -> OffenderSearches.NewTest? {
        let suspects = rides.make(numbers).map { OffenderSearch.Suspect(ride: $0, caller: nil) }
        searches.begin(suspects, failure, hasLostSuspects: false)
        return searches.takeNewTests().first
    }

    @Test mutating func testsAreGivenOutOnce() throws {
        let test = try #require(begin(0..<4))
        #expect(test.suspects.map(\.ride.account) == ["0", "1"])
        #expect(searches.takeNewTests().isEmpty && searches.contains(test.key))
    }

    @Test mutating func aSearchIsForgottenWithItsLastTest() throws {
        let first = try #require(begin(0..<2))
        let left = searches.leave(first.key, isWanted: { _ in true }, dropped: { _ in })
        #expect(left?.rides.map(\.account) == ["0"])
        #expect(searches.succeeded(first.key) == nil)
        // The other one by elimination: it is tested alone before it is blamed.
        let second = try #require(searches.takeNewTests().first)
        let rides = try #require(searches.leave(second.key, isWanted: { _ in true }, dropped: { _ in })?.rides)
        let found = searches.failed(second.key, rides, failure)
        #expect(found?.alone.account == "1" && found?.calls == 2)
        #expect(searches.isEmpty && !searches.contains(second.key))
    }

    @Test mutating func theEndOfASearchGivesBackWhatIsInNoCall() throws {
        let first = try #require(begin(0..<4))
        _ = begin(4..<6)
        _ = searches.leave(first.key, isWanted: { _ in true }, dropped: { _ in })
        #expect(searches.end(first.key).map(\.account) == ["2", "3"])
        #expect(searches.failed(first.key, [], failure) == nil)
        #expect(searches.endAll().map(\.account) == ["4", "5"] && searches.isEmpty)
    }
}

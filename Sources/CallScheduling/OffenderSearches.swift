import AttributeValues

/// Identifies a test of a search for offenders.
struct TestKey: Hashable, Sendable {
    let search: Int
    let number: Int
}

/// The searches for offenders that are not over, and the tests that follow from them.
struct OffenderSearches: Sendable {
    /// A test that is to be queued.
    typealias NewTest = (key: TestKey, suspects: [OffenderSearch.Suspect])

    private var searches: [Int: OffenderSearch] = [:]
    private var lastNumber = 0
    private var new: [NewTest] = []

    var isEmpty: Bool { searches.isEmpty }

    /// Whether the search of a test goes on.
    func contains(_ test: TestKey) -> Bool { searches[test.search] != nil }

    /// The tests that follow from what has happened since this was called last.
    mutating func takeNewTests() -> [NewTest] {
        defer { new = [] }
        return new
    }

    /// A call for several accounts has failed.
    /// - Parameters:
    ///   - suspects: See ``OffenderSearch/init(_:failure:hasLostSuspects:)``.
    ///   - hasLostSuspects: Whether the call had accounts that are not wanted any more.
    mutating func begin(_ suspects: [OffenderSearch.Suspect], _ failure: CallFailure, hasLostSuspects: Bool) {
        lastNumber += 1
        goOn(lastNumber, OffenderSearch(suspects, failure: failure, hasLostSuspects: hasLostSuspects))
    }

    /// A test's call is to leave.
    /// - Parameter dropped: Called with each account that is not wanted any more.
    /// - Returns: The accounts of the call, and what they have failed with; nil if none is wanted.
    mutating func leave(
        _ test: TestKey, isWanted: (Ride) -> Bool, dropped: (Ride) -> Void
    ) -> (rides: [Ride], failure: CallFailure)? {
        change(test) { search in
            search.leave(test.number, isWanted: isWanted, dropped: dropped).map { ($0, search.failure) }
        } ?? nil
    }

    /// The accounts of a test were answered.
    /// - Returns: See ``OffenderSearch/succeeded(_:)``.
    mutating func succeeded(_ test: TestKey) -> OffenderSearch.Suspect? {
        change(test) { $0.succeeded(test.number) } ?? nil
    }

    /// A test has failed in a way that an account can cause.
    /// - Returns: The account, if it was alone in its call, and the calls that the search has taken so far.
    mutating func failed(_ test: TestKey, _ rides: [Ride], _ failure: CallFailure) -> (alone: Ride, calls: Int)? {
        change(test) { search in search.failed(test.number, rides, failure).map { ($0, search.calls) } } ?? nil
    }

    /// A test has ended without saying anything about its accounts: it is made again as it was.
    mutating func makeAgain(_ test: TestKey, _ rides: [Ride]) {
        change(test) { $0.repeatTest(test.number, rides) }
    }

    /// Gives up the search of a test.
    /// - Returns: Its accounts that are in no call.
    mutating func end(_ test: TestKey) -> [Ride] { searches.removeValue(forKey: test.search)?.waiting ?? [] }

    /// Gives up all searches.
    /// - Returns: Their accounts that are in no call.
    mutating func endAll() -> [Ride] {
        defer { searches = [:] }
        return searches.keys.sorted().flatMap { searches[$0]?.waiting ?? [] }
    }

    @discardableResult
    private mutating func change<Result>(_ test: TestKey, _ change: (inout OffenderSearch) -> Result) -> Result? {
        guard var search = searches.removeValue(forKey: test.search) else { return nil }
        let result = change(&search)
        goOn(test.search, search)
        return result
    }

    private mutating func goOn(_ number: Int, _ search: OffenderSearch) {
        var search = search
        for test in search.takeNewTests() {
            new.append((TestKey(search: number, number: test), search.suspects(of: test)))
        }
        if !search.isOver { searches[number] = search }
    }
}

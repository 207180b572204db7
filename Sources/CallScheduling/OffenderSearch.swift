import AttributeValues

/// Finds the accounts that make calls fail, by calls for fewer and fewer of the accounts of a call that has failed.
///
/// The suspects are cut in two, and the first half is tested. If it is good, the offender is in the other half, which is cut without being
/// tested as a whole. If it is bad, it is cut, and the other half is tested by itself at the same time: each may have an offender of its
/// own. When all parts of a cut were bad, there are many offenders, and the next cut has more parts, which are tested together. An account
/// is at fault only if a call for it alone has failed.
struct OffenderSearch: Sendable {
    /// An account that may be at fault, and the first of those who wait for it.
    struct Suspect: Sendable {
        var ride: Ride
        let caller: CallerKey?
    }

    /// Parts that a cut has at most.
    static let maximumParts = 64
    /// As few accounts as that are each tested alone when a test costs a whole time-out.
    private static let fewAccounts = 16

    private struct Test {
        var suspects: [Suspect]
        /// The other half of the cut, which is bad if this half is good.
        var held: [Suspect] = []
        let cut: Int
        var reason = Reason.isPart
        var state = State.queued

        enum Reason {
            /// Its accounts are a part of a group that failed.
            case isPart
            /// Its account is the only one that is left of a group that failed.
            case isLeft
        }

        enum State { case queued, underWay }
    }

    /// Parts of a group that is known to be bad.
    private struct Cut {
        let parts: Int
        /// Parts whose test has not ended.
        var open: Int
        var hasGoodPart = false
        /// Bad parts that wait for the verdict on the others.
        var bad: [[Suspect]] = []
    }

    /// What the accounts failed with last.
    private(set) var failure: CallFailure
    /// Calls that were made so far.
    private(set) var calls = 0
    /// Tests that are to be queued.
    private var new: [Int] = []
    private var tests: [Int: Test] = [:]
    private var cuts: [Int: Cut] = [:]
    private var lastNumber = 0
    /// Whether accounts of the failed call were given up, which may have been at fault. Then nothing follows for one group of accounts from
    /// the answer to another.
    private var hasLostSuspects: Bool

    /// Starts a search.
    /// - Parameters:
    ///   - suspects: The accounts of the failed call that are wanted, at least one. The likeliest offenders first, those of a caller
    ///     together.
    ///   - hasLostSuspects: Whether the call had others.
    init(_ suspects: [Suspect], failure: CallFailure, hasLostSuspects: Bool = false) {
        self.failure = failure
        self.hasLostSuspects = hasLostSuspects
        if hasLostSuspects { testWhole(suspects) } else { cut(suspects, parts: 2) }
    }

    /// Whether every account is either answered or found at fault.
    var isOver: Bool { tests.isEmpty }

    /// Tests that were not given out yet.
    mutating func takeNewTests() -> [Int] {
        defer { new = [] }
        return new
    }

    /// The accounts of a test that has not left yet.
    func suspects(of test: Int) -> [Suspect] { tests[test]?.suspects ?? [] }

    /// The accounts that are in no call at present.
    var waiting: [Ride] {
        let ofTests = tests.keys.sorted().compactMap { tests[$0] }.flatMap {
            switch $0.state {
            case .queued: $0.suspects + $0.held
            case .underWay: $0.held
            }
        }
        let ofCuts = cuts.keys.sorted().flatMap { cuts[$0]?.bad.joined() ?? [].joined() }
        return (ofTests + ofCuts).map(\.ride)
    }

    /// A test's call leaves now, for those accounts that are still wanted.
    /// - Parameter dropped: Called with each account that is not wanted any more.
    /// - Returns: Nil if there are none; then there is no call.
    mutating func leave(_ test: Int, isWanted: (Ride) -> Bool, dropped: (Ride) -> Void) -> [Ride]? {
        guard var leaving = tests[test] else { return nil }
        for suspect in leaving.suspects + leaving.held where !isWanted(suspect.ride) {
            hasLostSuspects = true
            dropped(suspect.ride)
        }
        leaving.suspects.removeAll { !isWanted($0.ride) }
        leaving.held.removeAll { !isWanted($0.ride) }
        tests[test] = leaving
        guard leaving.suspects.isEmpty else {
            calls += 1
            tests[test]?.state = .underWay
            return leaving.suspects.map(\.ride)
        }
        tests[test] = nil
        // Nothing is known of the other half by itself.
        if leaving.held.isEmpty {
            endPart(of: leaving.cut)
        } else {
            add(Test(suspects: leaving.held, cut: leaving.cut))
        }
        return nil
    }

    /// The accounts of a test were answered; the owner has given out the answers.
    /// - Returns: The account that the failure came down to, if it was answered now that it was asked for alone: perhaps it fails only
    ///   beside others.
    mutating func succeeded(_ test: Int) -> Suspect? {
        guard let ended = take(test) else { return nil }
        cuts[ended.cut]?.hasGoodPart = true
        endPart(of: ended.cut)
        if ended.reason == .isLeft { return ended.suspects.first }
        guard !ended.held.isEmpty else { return nil }
        endPart(of: ended.cut)
        // Bad by elimination. One account alone is still tested before it is blamed: perhaps the failure does not come back.
        if hasLostSuspects || ended.held.count == 1 {
            testWhole(ended.held, hasLostSuspects ? .isPart : .isLeft)
        } else {
            cut(ended.held, parts: 2)
        }
        return nil
    }

    /// A test has failed in a way that an account can cause.
    /// - Parameter rides: Those that failed with it, as others may have come to wait for them.
    /// - Returns: The account, if it was alone in its call.
    mutating func failed(_ test: Int, _ rides: [Ride], _ failure: CallFailure) -> Ride? {
        guard var ended = take(test) else { return nil }
        self.failure = failure
        if ended.suspects.count == 1 {
            cuts[ended.cut]?.open -= 1
            release(ended)
            endPartIfOver(ended.cut)
            return rides.first
        }
        ended.suspects = ended.suspects.compactMap { suspect in
            rides.first { $0.account == suspect.ride.account }.map { Suspect(ride: $0, caller: suspect.caller) }
        }
        cuts[ended.cut]?.open -= 1
        release(ended)
        foundBad(ended.suspects, in: ended.cut)
        return nil
    }

    /// A test has ended without saying anything about its accounts: it is made again as it was.
    mutating func repeatTest(_ test: Int, _ rides: [Ride]) {
        guard var ended = take(test) else { return }
        for place in ended.suspects.indices {
            let account = ended.suspects[place].ride.account
            if let ride = rides.first(where: { $0.account == account }) { ended.suspects[place].ride = ride }
        }
        add(ended)
    }

    // MARK: Steps

    private mutating func take(_ test: Int) -> Test? {
        guard var ended = tests.removeValue(forKey: test) else { return nil }
        ended.state = .queued
        return ended
    }

    /// The other half of a bad half is tested by itself.
    private mutating func release(_ ended: Test) {
        if !ended.held.isEmpty { add(Test(suspects: ended.held, cut: ended.cut)) }
    }

    private mutating func foundBad(_ suspects: [Suspect], in number: Int) {
        guard let cut = cuts[number] else { return }
        if cut.parts == 2 || isSlow {
            let allBad = cut.open == 0 && !cut.hasGoodPart
            endPartIfOver(number)
            self.cut(suspects, parts: allBad ? 4 : 2)
        } else {
            cuts[number]?.bad.append(suspects)
            endPartIfOver(number)
        }
    }

    private mutating func endPart(of number: Int) {
        cuts[number]?.open -= 1
        endPartIfOver(number)
    }

    private mutating func endPartIfOver(_ number: Int) {
        guard let cut = cuts[number], cut.open <= 0 else { return }
        cuts[number] = nil
        let parts = cut.hasGoodPart ? 2 : min(Self.maximumParts, max(2, cut.parts * cut.parts))
        for suspects in cut.bad { self.cut(suspects, parts: parts) }
    }

    /// Whether a test costs a whole time-out: then there are few rounds of many tests.
    private var isSlow: Bool { failure.kind == .timedOut }

    /// Cuts a group that is known to be bad.
    private mutating func cut(_ suspects: [Suspect], parts: Int) {
        guard suspects.count > 1 else { return testWhole(suspects) }
        let pieces = isSlow ? Self.slowPieces(suspects) : Self.pieces(suspects, min(parts, suspects.count))
        lastNumber += 1
        cuts[lastNumber] = Cut(parts: pieces.count, open: pieces.count)
        let cut = lastNumber
        // To wait for a half that may hang would cost the other one a time-out.
        if pieces.count == 2, !isSlow {
            add(Test(suspects: pieces[0], held: pieces[1], cut: cut))
        } else {
            for piece in pieces { add(Test(suspects: piece, cut: cut)) }
        }
    }

    /// Parts for tests of which each may cost a whole time-out: each account alone if there are few, else so many that a second round ends
    /// the search. Unless there are more principals than that, no two of them share a part: the others need not wait for that round.
    private static func slowPieces(_ suspects: [Suspect]) -> [[Suspect]] {
        if suspects.count <= fewAccounts { return suspects.map { [$0] } }
        let count = Int(Double(suspects.count).squareRoot().rounded(.up))
        var ofPrincipals: [[Suspect]] = []
        for suspect in suspects {
            if let last = ofPrincipals.last?.last, last.caller?.principal == suspect.caller?.principal {
                ofPrincipals[ofPrincipals.count - 1].append(suspect)
            } else {
                ofPrincipals.append([suspect])
            }
        }
        guard ofPrincipals.count <= count else { return pieces(suspects, count) }
        return ofPrincipals.flatMap { pieces($0, ($0.count * count + suspects.count - 1) / suspects.count) }
    }

    /// Tests a group as it is.
    private mutating func testWhole(_ suspects: [Suspect], _ reason: Test.Reason = .isPart) {
        guard !suspects.isEmpty else { return }
        lastNumber += 1
        cuts[lastNumber] = Cut(parts: 1, open: 1)
        add(Test(suspects: suspects, cut: lastNumber, reason: reason))
    }

    private mutating func add(_ test: Test) {
        lastNumber += 1
        tests[lastNumber] = test
        new.append(lastNumber)
    }

    /// Parts of about the same size. Two parts are cut rather between callers than within one.
    private static func pieces(_ suspects: [Suspect], _ count: Int) -> [[Suspect]] {
        if count == 1 { return [suspects] }
        if count == 2 {
            let place = placeBetweenCallers(suspects)
            return [Array(suspects[..<place]), Array(suspects[place...])]
        }
        return (0..<count).map { part in
            Array(suspects[part * suspects.count / count..<(part + 1) * suspects.count / count])
        }
    }

    /// Where to cut in two: between two principals, else between two callers, as near to the middle as there is such a place.
    private static func placeBetweenCallers(_ suspects: [Suspect]) -> Int {
        let middle = suspects.count / 2
        let places = (1..<suspects.count).sorted { abs($0 - middle) < abs($1 - middle) }
        return places.first { suspects[$0 - 1].caller?.principal != suspects[$0].caller?.principal }
            ?? places.first { suspects[$0 - 1].caller != suspects[$0].caller } ?? middle
    }
}

import AttributeValues

/// An account on its way into a call, with everybody who waits for it.
struct Ride: Sendable {
    let account: Account
    var id: AccountID
    var waiters: Waiters
}

/// Finds the account that makes a call fail, by testing one half of the suspects at a time.
struct Isolation: Sendable {
    private enum Phase {
        /// The first half of all is tested; the other half is not known to be good or bad.
        case first(other: [Ride])
        /// The first half has failed with that code; the other half is tested, to see whether any account is to blame at all.
        case second(suspects: [Ride], code: Int)
        /// One half of the suspects, among whom the offender is, is tested.
        case narrowing(other: [Ride])
        case over
    }

    /// What follows from a test.
    struct Step {
        /// Known to be good or at least not known to be bad: to ride in calls that leave anyway.
        var aside: [Ride] = []
        /// At fault, or failed all together: to be told the failure.
        var failed: [Ride] = []
        /// Whether exactly one account was found to be at fault.
        var foundOffender = false
    }

    /// What the suspects failed with last.
    private(set) var failure: CallFailure
    /// Calls that the search has cost.
    private(set) var calls = 0
    /// The accounts to test by the next call; none while their call is under way.
    private(set) var testing: [Ride]
    private var phase: Phase
    /// Whether the failure has been seen again. Until then the last suspect may be as innocent as all others.
    private var isReproduced = false

    /// - Parameter suspects: The accounts of the failed call, at least two.
    init(_ suspects: [Ride], failure: CallFailure) {
        self.failure = failure
        let half = suspects.count / 2
        testing = Array(suspects[..<half])
        phase = .first(other: Array(suspects[half...]))
    }

    /// Whether the search has ended.
    var isOver: Bool { if case .over = phase { true } else { false } }

    /// Everything that the search still has, when it has to be given up.
    var remaining: [Ride] {
        switch phase {
        case .first(let other), .narrowing(let other): testing + other
        case .second(let suspects, _): testing + suspects
        case .over: []
        }
    }

    /// The accounts of the next test, whose call leaves now.
    mutating func startTest() -> [Ride] {
        calls += 1
        defer { testing = [] }
        return testing
    }

    /// The test's call has ended; others may have come to wait for its accounts.
    mutating func testEnded(_ rides: [Ride]) { testing = rides }

    /// The tested accounts were answered well (the owner has given out the answers).
    mutating func testSucceeded() -> Step {
        switch phase {
        case .first(let other), .narrowing(let other): return narrow(to: other)
        case .second(let suspects, _): return narrow(to: suspects)
        case .over: return Step()
        }
    }

    /// The tested accounts have failed by an account's fault, too.
    mutating func testFailed(_ failure: CallFailure) -> Step {
        let tested = testing
        isReproduced = true
        switch phase {
        case .first(let other):
            self.failure = failure
            testing = other
            phase = .second(suspects: tested, code: failure.code)
            return Step()
        case .second(let suspects, let code):
            guard code == failure.code else {
                // Two offenders, one in each half: the other one is found when its half has failed again.
                var step = narrow(to: suspects)
                step.aside = tested
                return step
            }
            end()
            return Step(failed: suspects + tested)
        case .narrowing(let other):
            self.failure = failure
            var step = narrow(to: tested)
            step.aside = other
            return step
        case .over: return Step()
        }
    }

    private mutating func narrow(to suspects: [Ride]) -> Step {
        guard suspects.count > 1 || !isReproduced else {
            end()
            return Step(failed: suspects, foundOffender: !suspects.isEmpty)
        }
        guard !suspects.isEmpty else {
            end()
            return Step()
        }
        // One suspect who was never seen to fail is tested alone: perhaps nobody is at fault.
        let half = max(1, suspects.count / 2)
        testing = Array(suspects[..<half])
        phase = .narrowing(other: Array(suspects[half...]))
        return Step()
    }

    private mutating func end() {
        testing = []
        phase = .over
    }
}

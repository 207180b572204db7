/// Whether one caller's bad account costs the others their answer, and how many calls it costs to find it.
struct PoisonedAccount: Measurement {
    private static let callers = 60
    /// Low, so that the calls beforehand hold all slots long enough for everybody to come and wait.
    private static let rate = 10
    /// Where among the callers the bad account is.
    private static let places = [0, 14, 29, 44, 59]

    init(seconds: Int?) {
        // It takes as long as it takes.
    }

    func run(_ tell: (Section) -> Void) async throws {
        try await Rig.with(
            .near, sandbox: ["--fault", "error=90001@account=poison-0"], daemon: ["--rate-limit", "\(Self.rate)"]
        ) { rig in
            var rounds: [(answered: Int, refused: Int, extraCalls: Int)] = []
            var events: [Event] = []
            for (round, place) in Self.places.enumerated() {
                let before = try await rig.sandbox.report().calls
                let ends = try await askTogether(rig, round: round, place: place)
                let calls = try await rig.sandbox.report().calls - before
                let refused = ends.filter { $0.caller == place }.refusals[90001] ?? 0
                rounds.append((ends.right.count, refused, calls - Self.rate - 1))
                events += ends
            }
            tell(
                Section(
                    title:
                        "poison: \(Self.callers) requests share a call, one has a bad account, \(rounds.count) times",
                    findings: [
                        Finding(
                            "others answered, worst time", rounds.map(\.answered).min() ?? 0,
                            .atLeast(Double(Self.callers - 1))),
                        Finding("the bad one told so, worst time", rounds.map(\.refused).min() ?? 0, .atLeast(1)),
                        Finding("extra calls, worst time", rounds.map(\.extraCalls).max() ?? 0, .atMost(8)),
                        Finding(
                            "extra calls, mean", Double(rounds.map(\.extraCalls).reduce(0, +)) / Double(rounds.count),
                            decimals: 1),
                        Finding("wait of the others, longest", events.right.waits.largest),
                        .wrong(events),
                    ]))
        }
    }

    /// Takes all slots with calls for other accounts, and lets everybody ask for one account while these are held.
    private func askTogether(_ rig: Rig, round: Int, place: Int) async throws -> [Event] {
        let fillers = try await Crowd.gather(
            at: rig, [Questions(name: "filler\(round)", size: 100 * Self.rate, count: 1)])
        let callers = try await Crowd.gather(
            at: rig,
            (0..<Self.callers).map { index in
                let name = index == place ? "poison" : "a\(round).\(index)"
                return Questions(name: name, size: 1, areFresh: false, count: 1)
            })
        try await fillers.begin()
        let unfilled = try await fillers.finish(within: .seconds(20))
        try await callers.begin()
        let unanswered = try await callers.finish(within: .seconds(40))
        let ends = try await callers.events()
        try await fillers.leave()
        try await callers.leave()
        guard unfilled == 0, unanswered == 0 else {
            throw Patience.Exhausted(description: "\(unfilled + unanswered) requests got no answer at all")
        }
        return ends
    }
}

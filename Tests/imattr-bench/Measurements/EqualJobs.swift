/// Whether callers who want the same amount get the same amount, in every second.
struct EqualJobs: Measurement {
    private static let callers = 20

    let seconds: Int

    init(seconds: Int?) {
        self.seconds = seconds ?? 20
    }

    func run(_ tell: (Section) -> Void) async throws {
        let network = Network.near
        try await Rig.with(network) { rig in
            // Small questions, so that a caller's part of a second is not a matter of one answer more or less.
            let crowd = try await Crowd.gather(
                at: rig, depth: 100, Questions.each(of: Self.callers, name: "a", size: 10))
            try await crowd.begin()
            try await Task.sleep(for: Window.warmUp)
            let window = try await Window.open(seconds: seconds)
            let events = try await crowd.events()
            try await crowd.leave()

            let indices = window.seconds.map { index(events.within($0)) }
            let answered = events.within(window.range).accountsAnswered
            tell(
                Section(
                    title: "fairness: equal jobs of \(Self.callers) callers, \(network.text)",
                    findings: [
                        Finding("Jain's index, worst second", indices.min() ?? 0, decimals: 4, .atLeast(0.99)),
                        Finding(
                            "Jain's index, mean", indices.reduce(0, +) / Double(max(1, indices.count)), decimals: 4),
                        Finding("accounts answered", Double(answered) / window.length, "/s"),
                        .notRight(events),
                    ]))
        }
    }

    /// A second in which nobody got anything is as unfair as can be.
    private func index(_ events: [Event]) -> Double {
        var shares = [Int](repeating: 0, count: Self.callers)
        for event in events.right { shares[event.caller] += event.size }
        return JainIndex.of(shares) ?? 0
    }
}

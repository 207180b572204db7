/// A load on a server, and what it costs.
struct Trial: Sendable {
    /// Medians are taken over so many.
    static let rounds = 11

    let server: any Contestant
    let load: PlainLoad
    /// Answers in a round.
    let count: Int

    /// What the rounds have shown.
    struct Cost: Sendable {
        /// Microseconds of processor time an answer.
        var processorTime = Samples([])
        /// Median microseconds until an answer.
        var wait = Samples([])
    }

    init(_ server: any Contestant, _ load: PlainLoad, count: Int) {
        self.server = server
        self.load = load
        self.count = count
    }

    /// Runs all in turn, again and again, so that what disturbs the machine disturbs all alike; what they have cost, in
    /// the same order. A first round does not count.
    static func alternate(_ trials: [Trial], rounds: Int = rounds) async throws -> [Cost] {
        var costs = [Cost](repeating: Cost(), count: trials.count)
        for round in 0...rounds {
            for (index, trial) in trials.enumerated() {
                let (processorTime, wait) = try await trial.round()
                guard round > 0 else { continue }
                costs[index].processorTime = Samples(costs[index].processorTime.values + [processorTime])
                costs[index].wait = Samples(costs[index].wait.values + [wait])
            }
        }
        return costs
    }

    private func round() async throws -> (processorTime: Double, wait: Double) {
        let before = try server.processorTime()
        let waits = try await load.run(at: server, count: count)
        let used = try server.processorTime() - before
        return (used / .microseconds(1) / Double(count), (waits.value(at: 50) ?? .zero) / .microseconds(1))
    }
}

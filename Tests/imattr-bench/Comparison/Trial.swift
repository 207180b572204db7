import NIOPosix

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
    /// - Parameter turns: Parts of a round in which all take their turns: what disturbs a shared machine mostly lasts longer than a part.
    ///   At the beginning of each, all connections ask together, which favours whoever lets them share a call.
    static func alternate(_ trials: [Trial], rounds: Int = rounds, turns: Int = 10) async throws -> [Cost] {
        var costs = [Cost](repeating: Cost(), count: trials.count)
        for round in 0...rounds {
            let results = try await NIOThreadPool.singleton.runIfActive { try Self.round(of: trials, turns: turns) }
            guard round > 0 else { continue }
            for (index, result) in results.enumerated() {
                costs[index].processorTime = Samples(costs[index].processorTime.values + [result.processorTime])
                costs[index].wait = Samples(costs[index].wait.values + [result.wait])
            }
        }
        return costs
    }

    private static func round(of trials: [Trial], turns: Int) throws -> [(processorTime: Double, wait: Double)] {
        let connected = try trials.map { try $0.load.connect(to: $0.server) }
        var used = [Duration](repeating: .zero, count: trials.count)
        var waits = [[Duration]](repeating: [], count: trials.count)
        for _ in 0..<turns {
            for (index, trial) in trials.enumerated() {
                let before = try trial.server.processorTime()
                waits[index] += try connected[index].ask(trial.count / turns)
                used[index] += try trial.server.processorTime() - before
            }
        }
        return trials.indices.map { index in
            let answers = Double(trials[index].count / turns * turns)
            let wait = Percentiles(waits[index]).value(at: 50) ?? .zero
            return (used[index] / .microseconds(1) / answers, wait / .microseconds(1))
        }
    }
}

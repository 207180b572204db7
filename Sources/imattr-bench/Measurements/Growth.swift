/// Processor time an account, as callers and waiting accounts grow: it should not.
struct Growth: Measurement {
    private let seconds: Int

    init(seconds: Int?) { self.seconds = seconds ?? 1 }

    func run(_ tell: (Section) -> Void) async throws {
        try await callers(tell)
        try await waiting(tell)
    }

    /// Each asks for 100 accounts, so that a call is full however many there are.
    private func callers(_ tell: (Section) -> Void) async throws {
        var findings: [(name: String, cost: Double)] = []
        for number in [1, 10, 100, 1_000, 10_000] {
            let cost = try await cost(callers: number, depth: 1, size: 100)
            findings.append(("\(number) callers", cost))
        }
        tell(
            Self.section("growth: callers who ask for 100 accounts each, processor time an account", findings, from: 0))
    }

    private func waiting(_ tell: (Section) -> Void) async throws {
        var findings: [(name: String, cost: Double)] = []
        let sizes = [(1, 1), (10, 1), (1, 100), (10, 100), (10, 1_000), (10, 10_000), (100, 10_000)]
        for (callers, size) in sizes {
            findings.append(("\(callers * size) accounts wait", try await cost(callers: callers, depth: 1, size: size)))
        }
        // Calls are full from 100 accounts of one request on; with fewer, or of several callers, who do not ask at the same moment, the cost
        // is that of their number.
        tell(Self.section("growth: waiting accounts, processor time an account", findings, from: 2))
    }

    private func cost(callers: Int, depth: Int, size: Int) async throws -> Double {
        let most = "4000000"
        let limits = [
            "--max-connections", "20000", "--max-connections-per-uid", "20000", "--max-queued-accounts", most,
            "--max-queued-accounts-per-uid", most,
        ]
        return try await FastRig.with(daemon: limits) { rig in
            let crowd = try await Crowd.gather(
                at: rig, depth: depth,
                Questions.each(of: callers, name: "a", size: size, areFresh: false, timeoutMs: 600_000))
            try await crowd.begin()
            // Until each has been answered: before that, not everything is as it stays.
            _ = try await Self.accounts(callers * size, beyond: 0, of: crowd)
            var costs: [Double] = []
            for _ in 0..<5 {
                let before = try await (time: rig.daemon.processorTime(), accounts: crowd.events().accountsAnswered)
                try await Task.sleep(for: .seconds(seconds))
                // Each has been answered again, however many there are.
                let wanted = max(Self.leastAccounts, callers * size)
                let accounts = try await Self.accounts(wanted, beyond: before.accounts, of: crowd)
                let used = try rig.daemon.processorTime() - before.time
                costs.append(used / .microseconds(1) / Double(accounts - before.accounts))
            }
            try await crowd.leave()
            return Samples(costs).median
        }
    }

    /// Fewer say little of the cost of one.
    private static let leastAccounts = 5_000

    /// Waits until so many more accounts have been answered. Gives the number of all.
    private static func accounts(_ number: Int, beyond before: Int, of crowd: Crowd) async throws -> Int {
        try await Patience.wait(for: "\(number) accounts to be answered", .seconds(300)) {
            let answered = try await crowd.events().accountsAnswered
            return answered >= before + number ? answered : nil
        }
    }

    private static func section(_ title: String, _ costs: [(name: String, cost: Double)], from first: Int) -> Section {
        let compared = costs[first...].map(\.cost)
        let growth = (compared.max() ?? .nan) / (compared.min() ?? .nan)
        return Section(
            title: title,
            findings: costs.map { Finding($0.name, $0.cost, "µs", decimals: 2) }
                + [Finding("dearest ÷ cheapest, from \(costs[first].name)", growth, "", decimals: 2, .atMost(1.5))])
    }
}

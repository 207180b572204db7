/// Processor time an account, as callers and waiting accounts grow: it should not.
struct Growth: Measurement {
    /// Medians are taken over so many.
    private static let rounds = 9
    private let seconds: Int

    init(seconds: Int?) { self.seconds = seconds ?? 1 }

    func run(_ tell: (Section) -> Void) async throws {
        // A call is full however many callers there are.
        let callers = try await costs([1, 10, 100, 1_000, 10_000].map { (callers: $0, accounts: 100) })
        tell(
            Self.section(
                "growth: callers who ask for 100 accounts each, processor time an account",
                callers.map { ("\($0.callers) callers", $0.cost) }, from: 0))
        let waiting = try await costs([
            (1, 1), (10, 1), (1, 100), (10, 100), (10, 1_000), (10, 10_000), (100, 10_000),
        ])
        // Calls are full from 100 accounts of one request on; with fewer, or of several callers, who do not ask at the same moment, the cost
        // is that of their number.
        tell(
            Self.section(
                "growth: waiting accounts, processor time an account",
                waiting.map { ("\($0.callers * $0.accounts) accounts wait", $0.cost) }, from: 2))
    }

    /// How many callers, and how many accounts each asks for.
    private typealias Size = (callers: Int, accounts: Int)

    /// All sizes take turns, so that what disturbs the machine disturbs all alike. A first round does not count: before each caller has
    /// been answered, not everything is as it stays.
    private func costs(_ sizes: [Size]) async throws -> [(callers: Int, accounts: Int, cost: Samples)] {
        try await Self.withCrowds(sizes[...]) { members in
            var costs = [[Double]](repeating: [], count: sizes.count)
            for round in 0...Self.rounds {
                for (index, member) in members.enumerated() {
                    let cost = try await cost(of: sizes[index], member.rig.daemon, member.crowd)
                    if round > 0 { costs[index].append(cost) }
                }
            }
            for member in members { try await member.crowd.leave() }
            return zip(sizes, costs).map { ($0.callers, $0.accounts, Samples($1)) }
        }
    }

    private typealias Member = (rig: Rig, crowd: Crowd)

    private static func withCrowds<Result>(
        _ sizes: ArraySlice<Size>, _ members: [Member] = [], _ body: ([Member]) async throws -> Result
    ) async throws -> Result {
        guard let size = sizes.first else { return try await body(members) }
        let most = "4000000"
        let limits = [
            "--max-connections", "20000", "--max-connections-per-uid", "20000", "--max-queued-accounts", most,
            "--max-queued-accounts-per-uid", most,
        ]
        return try await FastRig.with(daemon: limits) { rig in
            let questions = Questions.each(
                of: size.callers, name: "a", size: size.accounts, areFresh: false, timeoutMs: 600_000)
            let crowd = try await Crowd.gather(at: rig, questions)
            return try await withCrowds(sizes.dropFirst(), members + [(rig, crowd)], body)
        }
    }

    struct Unanswered: Error, CustomStringConvertible {
        var description: String { "callers have had no answer for \(Growth.patience)" }
    }

    private static let patience = Duration.seconds(300)
    /// Fewer say little of the cost of one.
    private static let leastAccounts = 5_000

    /// Has a crowd ask for some time, and for so long that each has been answered, however many there are.
    private func cost(of size: Size, _ daemon: Daemon, _ crowd: Crowd) async throws -> Double {
        let usedBefore = try daemon.processorTime()
        let before = try await crowd.events().accountsAnswered
        try await crowd.begin()
        try await Task.sleep(for: .seconds(seconds))
        let wanted = before + max(Self.leastAccounts, size.callers * size.accounts)
        try await Patience.wait(for: "\(wanted - before) accounts to be answered", Self.patience) {
            try await crowd.events().accountsAnswered >= wanted ? () : nil
        }
        guard try await crowd.finish(within: Self.patience) == 0 else { throw Unanswered() }
        let accounts = try await crowd.events().accountsAnswered - before
        return try (daemon.processorTime() - usedBefore) / .microseconds(1) / Double(accounts)
    }

    static func section(_ title: String, _ costs: [(name: String, cost: Samples)], from first: Int) -> Section {
        let compared = costs[first...].map(\.cost).sorted { $0.median < $1.median }
        let growth = (compared.last ?? Samples([])) / (compared.first ?? Samples([]))
        return Section(
            title: title,
            findings: costs.map { Finding($0.name, $0.cost, "µs") }
                + [Finding("dearest ÷ cheapest, from \(costs[first].name)", growth, .atMost(1.5))])
    }
}

import FoundationEssentials
import Glibc
import NIOPosix

/// What a `getStatus` costs the daemon while 300,000 accounts wait.
struct StatusCost {
    static let name = "status-cost"
    private static let most = Duration.microseconds(100)

    /// Each is asked for by a request of its own, since both could be walked through.
    private static let accounts = 300_000
    /// Room for all of them in the queue, of which one user gets half, and half of that if it has one connection; and calls so rare that
    /// nearly all go on waiting.
    static let arguments = [
        "--max-queued-accounts", "1300000", "--max-queued-accounts-per-uid", "1300000", "--rate-limit", "1",
    ]

    /// Further apart than the daemon makes new texts for those who ask.
    private static let interval = Duration.milliseconds(150)
    private static let questions = 20
    private static let rounds = 3

    private let daemon: Daemon
    private let client: LineClient

    /// On a daemon that was started with ``arguments``.
    init(_ daemon: Daemon) throws {
        self.daemon = daemon
        client = try LineClient(daemon.socketPath, patience: 60)
    }

    func section() async throws -> Section {
        let caller = try await begin()
        // The first ones leave soon.
        let least = Self.accounts - 10_000
        let waiting = try await Patience.wait(for: "\(least) accounts to wait", .seconds(60)) {
            let waiting = try await waitingAccounts()
            return waiting >= least ? waiting : nil
        }
        var costs: [Double] = []
        var pings: [Double] = []
        for _ in 0..<Self.rounds {
            let (status, ping) = try await round()
            costs.append((status - ping) / .microseconds(1))
            pings.append(ping / .microseconds(1))
        }
        withExtendedLifetime(caller) {}
        let findings = [
            Finding("accounts that wait", waiting, .atLeast(Double(least))),
            Finding("ping", pings.sorted()[Self.rounds / 2], "us"),
            Finding(
                "getStatus, beyond a ping", costs.sorted()[Self.rounds / 2], "us",
                .atMost(Self.most / .microseconds(1))),
        ]
        return Section(title: "siege: \(Self.name)", findings: findings)
    }

    /// A connection that has asked for all accounts.
    private func begin() async throws -> LineClient {
        let path = daemon.socketPath
        return try await NIOThreadPool.singleton.runIfActive {
            let client = try LineClient(path)
            for first in stride(from: 0, to: Self.accounts, by: 1_000) {
                let lines = (first..<first + 1_000).map { Request.getAttrs(["waiting-\($0)"], timeoutMs: 600_000) }
                try client.send(lines.joined())
            }
            return client
        }
    }

    /// The processor time of a question and of a `ping`, on the average. Both wake the daemon up, and find the caches without anything
    /// of it, which costs several times as much as to answer a ping.
    private func round() async throws -> (status: Duration, ping: Duration) {
        let silent = try await use { try await Task.sleep(for: Self.interval) }
        let pinged = try await use {
            try await Task.sleep(for: Self.interval)
            _ = try await ask(Request.ping)
        }
        let asked = try await use {
            try await Task.sleep(for: Self.interval)
            _ = try await ask(Request.status)
        }
        return (asked - silent, pinged - silent)
    }

    /// The processor time that the daemon uses during one of many times, on the average.
    private func use(_ body: () async throws -> Void) async throws -> Duration {
        let before = try daemon.processorTime()
        for _ in 0..<Self.questions { try await body() }
        return (try daemon.processorTime() - before) / Self.questions
    }

    private func ask(_ request: String) async throws -> String {
        try await NIOThreadPool.singleton.runIfActive { [client] in try client.ask(request) }
    }

    private func waitingAccounts() async throws -> Int {
        struct Answer: Decodable {
            struct Status: Decodable { var queue: Queue }
            struct Queue: Decodable { var waitingAccounts: Int }
            var result: Status
        }
        return try JSONDecoder().decode(Answer.self, from: Data(try await ask(Request.status).utf8)).result.queue
            .waitingAccounts
    }
}

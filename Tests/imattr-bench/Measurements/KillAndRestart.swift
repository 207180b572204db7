import NIOCore

/// Whether a daemon that is killed and started again in mid-load remembers the limit, and whether clients that connect
/// again and repeat lose anything.
struct KillAndRestart: Measurement {
    private static let kills = 10

    let seconds: Int

    init(seconds: Int?) {
        self.seconds = seconds ?? 10
    }

    func run(_ tell: (Section) -> Void) async throws {
        let network = Network.near
        try await Rig.with(network) { rig in
            let crowd = try await Crowd.gather(at: rig, depth: 10, Questions.each(of: 8, name: "a", size: 100))
            try await crowd.begin()
            var silences: [Duration] = []
            for _ in 0..<Self.kills {
                try await Task.sleep(for: .seconds(seconds) / Self.kills)
                silences.append(try await killAndRestart(rig.daemon, crowd))
            }
            try await Task.sleep(for: .seconds(seconds) / Self.kills)
            let unanswered = try await crowd.finish(within: .seconds(60))
            let events = try await crowd.events()
            try await crowd.leave()
            let report = try await rig.sandbox.report()
            tell(
                Section(
                    title: "restart: kill -9 and start again in mid-load, \(Self.kills) times, \(network.text)",
                    findings: Finding.overLimit(report, rate: 100) + [
                        Finding("questions answered", events.right.count, .atLeast(1)),
                        Finding("questions repeated after an end of connection", events.lost.count),
                        Finding("questions repeated after an error", events.refusals.values.reduce(0, +)),
                        Finding("callers with a question never answered", unanswered, .atMost(0)),
                        Finding("errors that may not be repeated", events.final.count, .atMost(0)),
                        .wrong(events),
                        Finding("from kill to the next answer, longest", Percentiles(silences).largest),
                    ]))
        }
    }

    /// Returns the time from the kill to the first answer of the new daemon.
    private func killAndRestart(_ daemon: Daemon, _ crowd: Crowd) async throws -> Duration {
        daemon.kill()
        let killed = NIODeadline.now()
        // What the old one had written is still read by the callers after its end.
        try await daemon.start()
        let started = NIODeadline.now()
        let answer = try await Patience.wait(for: "an answer after a restart") {
            try await crowd.events().last { $0.isRight && $0.at > started }
        }
        return .nanoseconds((answer.at - killed).nanoseconds)
    }
}

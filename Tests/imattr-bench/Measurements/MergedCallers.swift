/// What an answer costs when a thousand callers share the calls that the limit allows, beside nginx, which makes a call
/// for each.
struct MergedCallers: Measurement {
    private let seconds: Int

    init(seconds: Int?) { self.seconds = seconds ?? 3 }

    func run(_ tell: (Section) -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let comparisons = try await Comparisons.prepare(in: folder)
        try await Rig.withSandbox(.none, ["--rate-limit", "\(FastRig.rate)", "--compact"]) { sandbox, _ in
            let nginx = try await comparisons.nginx(sandbox.ready, rate: FastRig.rate)
            defer { nginx.end() }
            // About as long as the daemon is watched in a round.
            let alone = Trial(nginx, PlainLoad([Request.http("a")]), count: 6000)
            try await Rig.with(.near) { rig in
                let crowd = try await Crowd.gather(
                    at: rig, Questions.each(of: 1000, name: "a", size: 1, areFresh: false))
                try await crowd.begin()
                try await Task.sleep(for: Window.warmUp)
                var merged: [Double] = []
                var proxied: [Double] = []
                for _ in 0..<Trial.rounds {
                    merged.append(try await perAnswer(rig.daemon, crowd))
                    proxied.append(try await Trial.alternate([alone], rounds: 1)[0].processorTime.median)
                }
                try await crowd.leave()
                let ratio = Samples(merged) / Samples(proxied)
                tell(
                    Section(
                        title: "merged: 1000 callers at the limit, one account each, processor time an answer",
                        findings: [
                            Finding("imattrd", Samples(merged), "µs"), Finding("nginx, alone", Samples(proxied), "µs"),
                            Finding("imattrd ÷ nginx", ratio, .atMost(0.2)),
                        ]))
            }
        }
    }

    private func perAnswer(_ daemon: Daemon, _ crowd: Crowd) async throws -> Double {
        let before = try daemon.processorTime()
        let window = try await Window.open(seconds: seconds)
        let used = try daemon.processorTime() - before
        return used / .microseconds(1) / Double(try await crowd.events().within(window.range).right.count)
    }
}

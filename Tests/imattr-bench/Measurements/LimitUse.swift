import NIOCore

/// How much of the limit is used while there are always more accounts waiting than calls may take, and how many calls
/// are over the limit; for the daemon, and side by side with it for three usual limiters.
struct LimitUse: Measurement {
    private static let rate = 100

    /// What one run has shown.
    private struct Run {
        let name: String
        /// What the daemon is to reach, in percent; nil for the others.
        let target: Double?
        /// Calls that were served, in percent of what the limit allows.
        var use = 0.0
        var overLimit = 0
        var worstSecond = 0
        var notRight = 0
    }

    let seconds: Int

    init(seconds: Int?) {
        self.seconds = seconds ?? 60
    }

    func run(_ tell: (Section) -> Void) async throws {
        try await compare(.near, least: [(credit: 0.75, use: 97.5), (credit: 0.95, use: 98.5)], tell)
        try await compare(.far, least: [(credit: 0.75, use: 92), (credit: 0.95, use: 94)], tell)
    }

    private func compare(
        _ network: Network, least: [(credit: Double, use: Double)], _ tell: (Section) -> Void
    ) async throws {
        var runs: [Run] = []
        for (credit, use) in least { runs.append(try await daemon(network, credit: credit, target: use)) }
        runs.append(try await usual(TokenBucket(rate: Self.rate), network))
        runs.append(try await usual(EvenSpacing(rate: Self.rate), network))
        runs.append(try await usual(LogOfSends(rate: Self.rate), network))
        let title = "limit, \(network.text): "
        tell(
            Section(
                title: title + "use of \(Self.rate) calls a second",
                findings: runs.map { Finding($0.name, $0.use, "%", decimals: 2, $0.target.map { .atLeast($0) }) }))
        let counts: [(String, KeyPath<Run, Int>, Int)] = [
            ("calls over the limit (60007)", \.overLimit, 0),
            ("worst second at the sandbox, calls", \.worstSecond, Self.rate),
            ("lost, wrong or refused answers", \.notRight, 0),
        ]
        for (what, count, most) in counts {
            tell(
                Section(
                    title: title + what,
                    findings: runs.map {
                        Finding($0.name, $0[keyPath: count], $0.target == nil ? nil : .atMost(Double(most)))
                    }))
        }
    }

    private func daemon(_ network: Network, credit: Double, target: Double) async throws -> Run {
        try await Rig.with(network, daemon: ["--round-trip-credit", "\(credit)"]) { rig in
            // 32,000 accounts wait at any time: three seconds' worth.
            let crowd = try await Crowd.gather(at: rig, depth: 40, Questions.each(of: 8, name: "a", size: 100))
            try await crowd.begin()
            var run = try await measure(Run(name: "imattrd, credit \(credit)", target: target), rig.sandbox)
            let events = try await crowd.events()
            run.notRight = events.count - events.right.count
            try await crowd.leave()
            return run
        }
    }

    /// Refusals of its calls are no lost answers here: they are told as calls over the limit.
    private func usual<Limiter: CallLimiter>(_ limiter: Limiter, _ network: Network) async throws -> Run {
        try await Rig.withSandbox(network) { sandbox, _ in
            let load = try await LimitedLoad.start(limiter, at: sandbox.ready, on: Crowd.eventLoop)
            var run = try await measure(Run(name: Limiter.name, target: nil), sandbox)
            run.notRight = try await Crowd.eventLoop.submit {
                load.value.end()
                return load.value.lost
            }.get()
            return run
        }
    }

    /// Looks at a load that runs, from the sandbox's side.
    private func measure(_ run: Run, _ sandbox: Sandbox) async throws -> Run {
        var run = run
        try await Task.sleep(for: Window.warmUp)
        let before = try await sandbox.report()
        let window = try await Window.open(seconds: seconds)
        let after = try await sandbox.report()
        let served = (after.calls - after.overLimit) - (before.calls - before.overLimit)
        run.use = Double(served) / window.length / Double(Self.rate) * 100
        run.overLimit = after.overLimit
        run.worstSecond = after.worstSecond
        return run
    }
}

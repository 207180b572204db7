/// A thousand connections, each asking for one account of its own, again and again.
struct ManyCallers: Measurement {
    let seconds: Int

    init(seconds: Int?) {
        self.seconds = seconds ?? 30
    }

    func run(_ tell: (Section) -> Void) async throws {
        let network = Network.near
        try await Rig.with(network) { rig in
            let questions = Questions.each(of: 1000, name: "a", size: 1, areFresh: false)
            let crowd = try await Crowd.gather(at: rig, questions)
            try await crowd.begin()
            try await Task.sleep(for: Window.warmUp)
            let before = try rig.daemon.processorTime()
            let window = try await Window.open(seconds: seconds)
            let used = try rig.daemon.processorTime() - before
            let events = try await crowd.events()
            try await crowd.leave()

            let answers = events.within(window.range).right
            let perAnswer = answers.isEmpty ? Double.infinity : used / .microseconds(1) / Double(answers.count)
            let report = try await rig.sandbox.report()
            tell(
                Section(
                    title: "callers: 1000 connections, one account each, \(network.text)",
                    findings: [
                        Finding(
                            "accounts answered", Double(answers.accountsAnswered) / window.length, "/s",
                            .atLeast(9500)),
                        Finding("processor time of imattrd per answer", perAnswer, "µs", decimals: 1),
                        Finding("wait of a caller, p50", answers.waits.value(at: 50)),
                        Finding("wait of a caller, p99", answers.waits.value(at: 99)),
                        .notRight(events),
                    ] + Finding.overLimit(report, rate: 100)))
        }
    }
}

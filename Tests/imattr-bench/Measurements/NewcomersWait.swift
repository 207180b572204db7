/// How long a question for one account takes while a large job and other callers are served.
struct NewcomersWait: Measurement {
    let seconds: Int

    init(seconds: Int?) {
        self.seconds = seconds ?? 30
    }

    func run(_ tell: (Section) -> Void) async throws {
        let network = Network.near
        try await Rig.with(network) { rig in
            // The job's 100,000 accounts wait all at once, and whatever of them is answered is asked for anew.
            let job = try await Crowd.gather(
                at: rig, depth: 100, [Questions(name: "job", size: 1000, timeoutMs: 600_000)])
            let others = try await Crowd.gather(at: rig, Questions.each(of: 50, name: "other", size: 10))
            let asker = try await Crowd.gather(at: rig, [Questions(name: "asker", size: 1)])
            try await job.begin()
            try await others.begin()
            try await Task.sleep(for: Window.warmUp)
            try await asker.begin()
            let window = try await Window.open(seconds: seconds)
            let beside = try await (job.events().within(window.range), others.events().within(window.range))
            // The last question counts too, however long it takes.
            let unanswered = try await asker.finish(within: .seconds(60))
            let asked = try await asker.events()
            for crowd in [asker, others, job] { try await crowd.leave() }

            let longest = network.roundTrip + .milliseconds(60)
            tell(
                Section(
                    title: "wait: one account beside a 100,000-account job and 50 callers, \(network.text)",
                    findings: [
                        Finding("questions answered", asked.right.count, .atLeast(1)),
                        Finding("wait, p50", asked.right.waits.value(at: 50)),
                        Finding("wait, p99", asked.right.waits.value(at: 99), .atMost(longest / .milliseconds(1))),
                        Finding("wait, longest", asked.right.waits.largest),
                        Finding("accounts of the job", Double(beside.0.accountsAnswered) / window.length, "/s"),
                        Finding("accounts of the 50 callers", Double(beside.1.accountsAnswered) / window.length, "/s"),
                        Finding("questions never answered", unanswered, .atMost(0)),
                        .notRight(asked + beside.0 + beside.1),
                    ]))
        }
    }
}

import NIOCore

/// What an upstream that fails wholly for a while gets to see, how callers fare meanwhile, and how soon all is well.
struct UpstreamOutage: Measurement {
    private static let callers = 20

    let seconds: Int

    init(seconds: Int?) {
        self.seconds = seconds ?? 10
    }

    private struct Kind {
        let name: String
        let fault: String
        /// Until everybody has had an answer again.
        let recovery: Duration
        /// Whether each call fails at once.
        let isQuick: Bool
    }

    func run(_ tell: (Section) -> Void) async throws {
        tell(try await outage(Kind(name: "502", fault: "status=502", recovery: .seconds(2), isQuick: true)))
        tell(try await outage(Kind(name: "resets", fault: "reset", recovery: .seconds(2), isQuick: true)))
        // A call that hangs is given up after upstreamTimeoutMs, 5 seconds by default.
        tell(try await outage(Kind(name: "hanging", fault: "hang", recovery: .seconds(5 + 2), isQuick: false)))
    }

    private func outage(_ kind: Kind) async throws -> Section {
        let network = Network.near
        return try await Rig.with(network, sandbox: ["--fault-on-signal", kind.fault]) { rig in
            let questions = Questions.each(of: Self.callers, name: "a", size: 1, areFresh: false)
            let crowd = try await Crowd.gather(at: rig, questions)
            try await crowd.begin()
            try await Task.sleep(for: Window.warmUp)

            let before = try await rig.sandbox.report()
            rig.sandbox.toggleFaults()
            let window = try await Window.open(seconds: seconds)
            let during = try await rig.sandbox.report()
            rig.sandbox.toggleFaults()

            let recovery = try await recovery(of: crowd, since: NIODeadline.now())
            let events = try await crowd.events()
            let unanswered = try await crowd.finish(within: .seconds(60))
            try await crowd.leave()
            return Section(
                title: "outage: \(kind.name) for \(seconds) s, \(Self.callers) callers, \(network.text)",
                findings: [
                    Finding(
                        "calls during the outage", during.calls - before.calls, kind.isQuick ? .atMost(mostCalls) : nil),
                    Finding(
                        "time to be told of it, p99", waitsWhenKnown(events, in: window).value(at: 99),
                        kind.isQuick ? .atMost((network.roundTrip + .milliseconds(60)) / .milliseconds(1)) : nil),
                    Finding("until everybody has an answer again", recovery, .atMost(kind.recovery / .milliseconds(1))),
                    Finding("callers never answered", unanswered, .atMost(0)),
                    Finding("errors that may not be repeated", events.final.count, .atMost(0)),
                    .wrong(events),
                ])
        }
    }

    /// Each caller's call that is under way, the five failures in a row that tell, a probe a second, and the retries:
    /// ten, and one a second.
    private var mostCalls: Double { Double(Self.callers + 5 + (seconds + 1) + (10 + seconds)) }

    /// How long askings took that failed when the outage was well known.
    private func waitsWhenKnown(_ events: [Event], in window: Window) -> Percentiles {
        let known = window.range.lowerBound + .seconds(min(3, Int64(seconds) / 2))..<window.range.upperBound
        return events.within(known).filter { !$0.isRight }.waits
    }

    /// How long it takes until every caller has had an answer; nil if some do not get one within half a minute.
    private func recovery(of crowd: Crowd, since end: NIODeadline) async throws -> Duration? {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            var first: [Int: NIODeadline] = [:]
            for event in try await crowd.events().reversed().prefix(while: { $0.at > end }) where event.isRight {
                first[event.caller] = event.at
            }
            if first.count == Self.callers, let last = first.values.max() {
                return .nanoseconds((last - end).nanoseconds)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }
}

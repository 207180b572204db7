import Glibc
import NIOCore

/// A caller who wants little and often: a `ping` and one account every 20 ms, and one account by a long line twice a
/// second, each on a connection of its own.
struct Victim: Sendable {
    static let interval = TimeAmount.milliseconds(20)
    private static let longInterval = TimeAmount.milliseconds(500)
    /// The white space in a long line. It is made once, as that takes longer than a ping.
    private static let padding = String(repeating: " ", count: 512 << 10)

    /// What became of its questions.
    struct Events: Sendable {
        var pings: [Event]
        var asks: [Event]
        var longAsks: [Event]
        /// Questions that never got an answer.
        var unanswered: Int

        /// All that have an end.
        var ended: [Event] { pings + asks + longAsks }
        /// Those that did not end with the right answer.
        var failures: Int { ended.count { !$0.isRight } + unanswered }
    }

    private struct Probes {
        let ping: Probe
        let ask: Probe
        let longAsk: Probe

        var all: [Probe] { [ping, ask, longAsk] }
        /// Questions without an end yet.
        var open: Int { all.reduce(0) { $0 + $1.open } }
    }

    private let probes: NIOLoopBound<Probes>
    private static let eventLoop = Crowd.eventLoop

    /// Connects one; returns when it is connected, and throws if it is not within `patience`.
    static func connect(to path: String, uid: uid_t, name: String, patience: Duration) async throws -> Victim {
        let victim = try await eventLoop.submit {
            var accounts = Questions(name: name, size: 1)
            let ping = Probe(path: path, uid: uid, interval: interval, on: eventLoop) { .ping }
            let ask = Probe(path: path, uid: uid, interval: interval, on: eventLoop) {
                // A supply without end.
                accounts.next() ?? .ping
            }
            var asked = 0
            let longAsk = Probe(path: path, uid: uid, interval: longInterval, on: eventLoop) {
                asked += 1
                return Question(accounts: ["\(name)-long-\(asked)"], timeoutMs: 30_000, padding: padding)
            }
            let probes = Probes(ping: ping, ask: ask, longAsk: longAsk)
            for probe in probes.all { probe.connect() }
            return Victim(probes: NIOLoopBound(probes, eventLoop: eventLoop))
        }.get()
        try await Patience.wait(for: "the victim's connections", patience) {
            try await victim.onLoop { $0.all.allSatisfy(\.isConnected) } ? () : nil
        }
        return victim
    }

    func begin() async throws {
        try await onLoop { for probe in $0.all { probe.begin() } }
    }

    /// How many events there are up to now.
    func mark() async throws -> (pings: Int, asks: Int) {
        try await onLoop { ($0.ping.events.count, $0.ask.events.count) }
    }

    /// All events up to now; what is still open is none.
    func events() async throws -> Events {
        try await onLoop {
            Events(pings: $0.ping.events, asks: $0.ask.events, longAsks: $0.longAsk.events, unanswered: $0.open)
        }
    }

    /// Asks nothing more, waits for the answers as long as `patience`, and leaves.
    func finish(within patience: Duration) async throws -> Events {
        try await onLoop { for probe in $0.all { probe.finish() } }
        let deadline = ContinuousClock.now + patience
        while try await onLoop({ $0.open }) > 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        let events = try await events()
        try await onLoop { for probe in $0.all { probe.leave() } }
        return events
    }

    private func onLoop<Result: Sendable>(
        _ body: @escaping @Sendable (Probes) -> Result
    ) async throws -> Result {
        try await Self.eventLoop.submit { [probes] in body(probes.value) }.get()
    }
}

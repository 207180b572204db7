import Glibc
import NIOCore

/// A caller who wants little and often: a `ping` and one account every 20 ms, each on a connection of its own.
struct Victim: Sendable {
    static let interval = TimeAmount.milliseconds(20)

    /// What became of its questions.
    struct Events: Sendable {
        var pings: [Event]
        var asks: [Event]
        /// Questions that never got an answer.
        var unanswered: Int

        /// Those that did not end with the right answer.
        var failures: Int { (pings + asks).count { !$0.isRight } + unanswered }
    }

    private let probes: NIOLoopBound<(ping: Probe, ask: Probe)>
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
            ping.connect()
            ask.connect()
            return Victim(probes: NIOLoopBound((ping, ask), eventLoop: eventLoop))
        }.get()
        try await Patience.wait(for: "the victim's connections", patience) {
            try await victim.onLoop { $0.ping.isConnected && $0.ask.isConnected } ? () : nil
        }
        return victim
    }

    func begin() async throws {
        try await onLoop {
            $0.ping.begin()
            $0.ask.begin()
        }
    }

    /// How many events there are up to now.
    func mark() async throws -> (pings: Int, asks: Int) {
        try await onLoop { ($0.ping.events.count, $0.ask.events.count) }
    }

    /// All events up to now; what is still open is none.
    func events() async throws -> Events {
        try await onLoop { Events(pings: $0.ping.events, asks: $0.ask.events, unanswered: $0.ping.open + $0.ask.open) }
    }

    /// Asks nothing more, waits for the answers as long as `patience`, and leaves.
    func finish(within patience: Duration) async throws -> Events {
        try await onLoop {
            $0.ping.finish()
            $0.ask.finish()
        }
        let deadline = ContinuousClock.now + patience
        while try await onLoop({ $0.ping.open + $0.ask.open }) > 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        let events = try await events()
        try await onLoop {
            $0.ping.leave()
            $0.ask.leave()
        }
        return events
    }

    private func onLoop<Result: Sendable>(
        _ body: @escaping @Sendable ((ping: Probe, ask: Probe)) -> Result
    ) async throws -> Result {
        try await Self.eventLoop.submit { [probes] in body(probes.value) }.get()
    }
}

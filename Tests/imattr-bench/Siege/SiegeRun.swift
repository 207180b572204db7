import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix

/// One attack, on a rig of its own.
struct SiegeRun: Sendable {
    let rig: Rig
    let trick: Trick
    let seconds: Int
    let attackers: uid_t
    let victim: uid_t
    let waitsForMemory: Bool
    let notifications: NotifySocket

    /// How long an attack goes on before it counts.
    private static let onset = Duration.seconds(1)
    /// How long a question may take, with some time on top of its own time-out.
    private static let patience = Duration.seconds(35)

    /// Runs it. `fullSecond` is how many accounts a second has room for.
    func row(fullSecond: Int) async throws -> SiegeRow {
        let memoryBound = try await MemoryBound.ask(rig.daemon)
        OtherUsers.allow()
        // However this ends: to end and to remove things needs root, and the victim connects again until it is over.
        defer { OtherUsers.forbid() }
        try await warmUp()
        let start = NIODeadline.now()
        let metricsBefore = try await metrics()
        var victim = trick.victimComesLater ? nil : try await connect(Self.patience)
        let attack = try startAttack()
        defer { OtherUsers.apart { attack?.child.end() } }
        try await begin(attack)
        // Goes on to the end of this function.
        async let _ = giveControlLines()
        try await Task.sleep(for: Self.onset)

        var firstAnswer: Duration?
        if victim == nil {
            let start = ContinuousClock.now
            victim = try await connect(Self.patience)
            try await firstEvent(of: victim)
            firstAnswer = .now - start
        }
        guard let victim else { preconditionFailure("connected before or after the attack began") }
        let before = try rig.daemon.processorTime()
        let delayedBefore = try rig.daemon.delay()
        let began = ContinuousClock.now
        try await victim.begin()
        try await Task.sleep(for: .seconds(seconds))
        let mark = try await victim.mark()
        let bulk = try await bulkWindow()
        let processor = try rig.daemon.processorTime() - before
        let delayed = try rig.daemon.delay() - delayedBefore
        let length = ContinuousClock.now - began
        let events = try await victim.finish(within: Self.patience)

        OtherUsers.forbid()
        let done = attack.map { $0.report() ?? AttackReport() }
        attack?.child.end()
        let report = try await rig.sandbox.report()
        let metricsAfter = try await metrics()
        let memory = try DaemonMemory(of: rig.daemon.pid())
        return SiegeRow(
            trick: trick.name, bounds: trick.bounds,
            waits: SiegeRow.Waits(
                ping: events.pings.prefix(mark.pings).waits, ask: events.asks.prefix(mark.asks).waits),
            failures: events.failures, otherEnds: (events.ended + bulk.events).otherEnds,
            bulkFailures: bulk.events.count - bulk.events.right.count,
            bulkShare: 100 * bulk.accountsPerSecond / Double(fullSecond), firstAnswer: firstAnswer,
            peakMemory: Double(memory.peak) / 0x1p20, memoryBound: memoryBound, laterMemory: try await laterMemory(),
            loopTurn: longestTurn(.processor, metricsBefore, metricsAfter),
            loopTurnByClock: longestTurn(.clock, metricsBefore, metricsAfter),
            watchdogLateness: try await notifications.lateness(since: start), delayed: delayed,
            overLimit: report.overLimit,
            processorShare: 100 * (processor / .seconds(1)) / (length / .seconds(1)), attack: done)
    }

    private func connect(_ patience: Duration) async throws -> Victim {
        try await Victim.connect(
            to: rig.daemon.socketPath, uid: victim, name: "victim", patience: patience)
    }

    /// Lets the daemon learn the round trip, and leaves it a number of idle connections.
    private func warmUp() async throws {
        let crowd = try await Crowd.gather(
            path: rig.daemon.socketPath, uid: victim, depth: 3,
            [Questions(name: "warm-up", size: 1000, count: 6)])
        try await crowd.begin()
        _ = try await crowd.finish(within: Self.patience)
        try await crowd.leave()
    }

    private struct Running {
        let child: Child
        let path: String
        let log: String

        /// What the attacker has written last; nil if it has written nothing yet.
        func report() -> AttackReport? {
            (try? File.text(path)).flatMap { try? JSONDecoder().decode(AttackReport.self, from: Data($0.utf8)) }
        }
    }

    /// Waits until the attacker's connections are made. It has a low priority, so it may take its time.
    private func begin(_ attack: Running?) async throws {
        guard let attack else { return }
        try await Patience.wait(
            for: "the attack to begin", .seconds(60), log: attack.log, unless: { attack.child.hasEnded }
        ) {
            OtherUsers.apart { attack.report() } == nil ? nil : ()
        }
    }

    /// Starts the attacker's process, if the trick needs one.
    private func startAttack() throws -> Running? {
        guard !trick.moves.isEmpty else { return nil }
        // It is ended when the row is complete; this is for the case that we are killed.
        let atMost = 2 * seconds + 240
        let folder = rig.daemon.folder
        let path = folder.path("attack.json")
        let log = folder.path("attack.log")
        let program = try Child.program("imattr-bench")
        let child = try OtherUsers.apart {
            try Child(
                "/usr/bin/nice",
                [
                    // It gets what we leave. What is given is added to our own value, and bounded.
                    "-n", "\(2 * Siege.lastPriority + 1)", program, "attack", "--trick", trick.name, "--socket",
                    rig.daemon.socketPath,
                    "--uid",
                    "\(attackers)", "--seconds", "\(atMost)", "--report", path,
                ], output: log, folder: folder)
        }
        return Running(child: child, path: path, log: log)
    }

    private func giveControlLines() async throws {
        guard !trick.control.isEmpty else { return }
        while true {
            for line in trick.control { try OtherUsers.apart { try rig.sandbox.obey(line) } }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func firstEvent(of victim: Victim?) async throws {
        try await victim?.begin()
        _ = try await Patience.wait(for: "the victim's first answer", Self.patience) {
            try await victim?.events().pings.first
        }
    }

    /// What a large job of the victim gets: a hundred requests under way, each of which fills a call.
    private func bulkWindow() async throws -> (accountsPerSecond: Double, events: [Event]) {
        let crowd = try await Crowd.gather(
            path: rig.daemon.socketPath, uid: victim, depth: 100, [Questions(name: "bulk", size: 100)])
        try await crowd.begin()
        try await Task.sleep(for: Self.onset)
        let window = try await Window.open(seconds: seconds)
        let all = try await crowd.events()
        try await crowd.leave()
        let inside = all.within(window.range)
        return (Double(inside.accountsAnswered) / window.length, all)
    }

    /// The daemon's answer to `getMetrics`; nil if there is none.
    private func metrics() async throws -> String? {
        let path = rig.daemon.socketPath
        return try await NIOThreadPool.singleton.runIfActive {
            try? LineClient(path, patience: 60).ask(Request.metrics)
        }
    }

    /// The longest turn between two answers; nil if one of them does not say.
    private func longestTurn(_ metric: LoopTurns.Metric, _ before: String?, _ after: String?) -> Double? {
        guard let before = before.flatMap({ LoopTurns(answer: $0, metric) }),
            let after = after.flatMap({ LoopTurns(answer: $0, metric) })
        else { return nil }
        return after.longest(since: before)
    }

    private func laterMemory() async throws -> Double? {
        guard waitsForMemory else { return nil }
        try await Task.sleep(for: .seconds(30))
        return Double(try DaemonMemory(of: rig.daemon.pid()).now) / 0x1p20
    }
}

extension ArraySlice<Event> {
    fileprivate var waits: Percentiles { Percentiles(map(\.wait)) }
}

/// What a process has in memory, and what it had at most (proc(5), `/proc/PID/status`), in bytes.
struct DaemonMemory: Sendable, Equatable {
    var now: Int
    var peak: Int

    init(of pid: pid_t) throws {
        self.init(status: try File.text("/proc/\(pid)/status"))
    }

    /// From lines such as `VmRSS:	    1234 kB`.
    init(status: String) {
        func kilobytes(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
        }
        now = kilobytes("VmRSS") * 1024
        peak = kilobytes("VmHWM") * 1024
    }
}

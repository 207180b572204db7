/// What one trick has done to the victim and to the daemon.
struct SiegeRow: Sendable {
    /// What a row is judged by.
    struct Bounds: Sendable, Equatable {
        /// How much longer than alone a `getAttrs` may take.
        var askExtra = Duration.milliseconds(80)
        /// Percent of the limit that the victim's large job gets; nil if that is not judged.
        var bulkShare: Double? = 45
        /// How many questions of that job may be refused; nil if that is not judged.
        var bulkFailures: Double? = 0

        static let usual = Bounds()

        // The same for every trick: how much longer than alone a ping may take, MiB, and seconds.
        static let pingFactor = 3
        static let pingExtra = Duration.milliseconds(20)
        static let peakMemory = 600.0
        static let laterMemory = 60.0
        static let loopTurn = 0.05
        static let watchdog = Duration.seconds(1)

        /// The bounds on the victim's waits, by what they are alone; nil where nothing is known of these, so that no wait is
        /// good.
        func ping(_ alone: Waits) -> Duration? {
            alone.ping.value(at: 99).map { $0 * Self.pingFactor + Self.pingExtra }
        }
        func ask(_ alone: Waits) -> Duration? { alone.ask.value(at: 99).map { $0 + askExtra } }
    }

    /// Waits to compare with.
    struct Waits: Sendable {
        var ping: Percentiles
        var ask: Percentiles
    }

    var trick: String
    var bounds = Bounds.usual
    var waits: Waits
    /// Questions of the victim that did not get the right answer.
    var failures: Int
    /// What became of these, as far as it is known.
    var otherEnds: [String] = []
    /// As ``failures``, of its large job.
    var bulkFailures: Int
    /// What the large job got, in percent of the limit.
    var bulkShare: Double
    /// From connecting to the first answer; only where the victim comes later.
    var firstAnswer: Duration?
    /// The daemon's peak, in MiB.
    var peakMemory: Double
    /// What its documented bounds add up to, in MiB; nil if it does not say.
    var memoryBound: Double?
    /// Half a minute after the attack, in MiB; nil if that was not waited for.
    var laterMemory: Double?
    /// Seconds of processor time; nil if the daemon does not say.
    var loopTurn: Double?
    /// Seconds, in which other programs and the bound on real-time programs may have had the core.
    var loopTurnByClock: Double?
    /// How late the daemon reported to the watchdog, at most.
    var watchdogLateness: Duration
    /// How long the daemon could run but had to wait for its core: what this adds to waits and turns is not its own.
    var delayed: Duration
    /// Calls over the limit at the sandbox.
    var overLimit: Int
    /// The daemon's use of its core during the attack, in percent.
    var processorShare: Double
    var attack: AttackReport?

    /// The row's numbers with their bounds, which depend on the victim's waits without an attacker.
    func findings(alone: Waits) -> [Finding] {
        let ping = bounds.ping(alone)
        return [
            Finding((["failures"] + otherEnds).joined(separator: ", "), failures, .atMost(0)),
            Finding("ping, p50", waits.ping.value(at: 50)),
            Finding("ping, p99", waits.ping.value(at: 99), Self.atMost(ping)),
            Finding("getAttrs, p50", waits.ask.value(at: 50)),
            Finding("getAttrs, p99", waits.ask.value(at: 99), Self.atMost(bounds.ask(alone))),
            Finding("bulk, of the limit", bulkShare, "%", bounds.bulkShare.map { .atLeast($0) }),
            Finding("bulk, failures", bulkFailures, bounds.bulkFailures.map { .atMost($0) }),
        ]
            + (firstAnswer.map { [Finding("first answer", $0, Self.atMost(ping))] } ?? [])
            + [Finding("peak memory", peakMemory, "MiB", .atMost(min(Bounds.peakMemory, memoryBound ?? .infinity)))]
            + (laterMemory.map { [Finding("memory 30 s later", $0, "MiB", .atMost(Bounds.laterMemory))] } ?? [])
            + (loopTurn.map { [Finding("longest turn", $0 * 1000, "ms", .atMost(Bounds.loopTurn * 1000))] } ?? [])
            + (loopTurnByClock.map { [Finding("longest turn by the clock", $0 * 1000, "ms")] } ?? [])
            + [
                Finding("watchdog late", watchdogLateness, Self.atMost(Bounds.watchdog)),
                Finding("calls over the limit", overLimit, .atMost(0)),
                Finding("processor", processorShare, "%"),
                Finding("waited for its core", delayed),
            ]
            + (attack.map {
                [Finding("attacker's requests", $0.sent), Finding("attacker's connections", $0.connected, .atLeast(1))]
            } ?? [])
    }

    private static func atMost(_ duration: Duration?) -> Finding.Target? {
        // Where nothing is known of the waits alone, no wait can be judged, and so none is good.
        .atMost(duration.map { $0 / .milliseconds(1) } ?? -1)
    }
}

/// The table of rows.
enum SiegeTable {
    private static let columns = [
        ("trick", 18), ("fail", 6), ("ping p50", 9), ("p99", 8), ("get p50", 9), ("p99", 8), ("bulk %", 7),
        ("fail", 5), ("first", 7), ("peak MiB", 9), ("+30 s", 6), ("turn ms", 8), ("clock", 6), ("dog ms", 7),
        ("over", 5),
        ("cpu %", 6), ("delayed", 8), ("requests", 9),
    ]

    /// The lines above the rows: names, and what most rows are judged by.
    static func head(alone: SiegeRow.Waits, memoryBound: Double?) -> String {
        let bounds = SiegeRow.Bounds.usual
        let ping = "≤" + milliseconds(bounds.ping(alone))
        let memory = min(SiegeRow.Bounds.peakMemory, memoryBound ?? .infinity)
        let limits = [
            "(should be)", "0", "", ping, "", "≤" + milliseconds(bounds.ask(alone)),
            "≥" + number(bounds.bulkShare), "0", ping, "≤" + number(memory),
            "≤" + number(SiegeRow.Bounds.laterMemory), "≤" + number(SiegeRow.Bounds.loopTurn * 1000), "",
            "≤" + number(SiegeRow.Bounds.watchdog / .milliseconds(1)), "0", "", "", "",
        ]
        return line(columns.map(\.0)) + "  missed\n" + line(limits) + "\n"
    }

    /// One row, with the names of the targets that are missed at its end.
    static func text(_ row: SiegeRow, alone: SiegeRow.Waits) -> String {
        let missed = row.findings(alone: alone).filter { !$0.isMet }.map(\.what)
        return line([
            row.trick, "\(row.failures)", milliseconds(row.waits.ping.value(at: 50)),
            milliseconds(row.waits.ping.value(at: 99)), milliseconds(row.waits.ask.value(at: 50)),
            milliseconds(row.waits.ask.value(at: 99)), number(row.bulkShare), "\(row.bulkFailures)",
            row.firstAnswer.map(milliseconds) ?? "-", number(row.peakMemory), number(row.laterMemory),
            number(row.loopTurn.map { $0 * 1000 }), number(row.loopTurnByClock.map { $0 * 1000 }),
            number(row.watchdogLateness / .milliseconds(1)),
            "\(row.overLimit)", number(row.processorShare), number(row.delayed / .milliseconds(1)),
            row.attack.map { "\($0.sent)" } ?? "-",
        ]) + "  " + (missed.isEmpty ? "ok" : "MISSED: " + missed.joined(separator: "; "))
    }

    private static func milliseconds(_ duration: Duration?) -> String {
        duration.map { Finding.number($0 / .milliseconds(1), 1) } ?? "never"
    }

    private static func number(_ value: Double?) -> String { value.map { Finding.number($0, 0) } ?? "-" }

    private static func line(_ cells: [String]) -> String {
        zip(cells, columns).enumerated().map { index, cell in
            let space = String(repeating: " ", count: max(0, cell.1.1 - cell.0.count))
            // Names to the left, numbers to the right.
            return index == 0 ? cell.0 + space : space + cell.0
        }.joined(separator: " ")
    }
}

import Foundation
import NIOCore
import Testing

@testable import imattr_bench

/// The plan of the tricks, and how what they have done is judged.
struct SiegeTests {
    @Test func tricksHaveNamesOfTheirOwn() {
        let tricks = Trick.everything + Trick.groups
        #expect(Set(tricks.map(\.name)).count == tricks.count)
        for trick in tricks { #expect(Trick.named(trick.name)?.name == trick.name) }
        #expect(Trick.named("(alone)") == nil)
    }

    /// A fault that no request of the attacker meets would make its trick harmless.
    @Test func eachFaultMeetsTheAttackersAccounts() throws {
        for trick in Trick.everything {
            let lines = trick.moves.enumerated().flatMap { index, move -> [String] in
                switch move.behaviour {
                case .ask(let requests, _), .readNothing(let requests), .reconnect(let requests):
                    var lines = RequestLines(requests, number: index)
                    return (0..<2).map { _ in lines.next(now: 0) }
                case .halfLine, .stay: return []
                }
            }
            for fault in trick.faults {
                let prefix = try #require(fault.split(separator: "@prefix=").last)
                #expect(fault.contains("@prefix="))
                #expect(lines.contains { $0.contains("\"\(prefix)") }, "\(trick.name): \(fault)")
            }
        }
    }

    @Test func tricksDoNotMeetOneAnothersFaults() {
        let prefixes = Trick.combinable.map { trick in
            Set(trick.faults.compactMap { $0.split(separator: "@prefix=").last })
        }
        for (index, some) in prefixes.enumerated() {
            for other in prefixes[(index + 1)...] {
                for prefix in some { #expect(!other.contains { $0.hasPrefix(prefix) || prefix.hasPrefix($0) }) }
            }
        }
    }

    @Test func attacksAreBounded() throws {
        for trick in Trick.everything {
            #expect(trick.moves.reduce(0) { $0 + $1.connections } <= 4_096, "\(trick.name)")
            #expect(trick.moves.allSatisfy { $0.connections >= $0.users })
        }
        let joiners = try #require(Trick.named("joiners")?.moves.first)
        #expect(joiners == Move(16, .ask(.joining(prefix: "joiners."), depth: 1_200_000 / 16)))
        let waiting = try #require(Trick.named("status-loop")?.moves.first)
        guard case .ask(.fresh(_, let accounts), let depth) = waiting.behaviour else { throw Missing() }
        #expect((145_000..<150_000).contains(waiting.connections * accounts * depth))
    }

    @Test func togetherIsEverythingThatGoesTogether() throws {
        let together = try #require(Trick.named("together"))
        #expect(together.faults.count == Trick.combinable.reduce(0) { $0 + $1.faults.count })
        #expect(together.moves.count == Trick.combinable.reduce(0) { $0 + $1.moves.count })
        #expect(Set(together.control) == ["end-idle reset-on-use", "end-idle close"])
        #expect(together.descriptors == nil)
    }

    @Test func eachTrickThatGoesWithOthersIsInOneGroup() {
        #expect(Trick.groups.reduce(0) { $0 + $1.faults.count } == Trick.combinable.reduce(0) { $0 + $1.faults.count })
        #expect(Trick.groups.reduce(0) { $0 + $1.moves.count } == Trick.combinable.reduce(0) { $0 + $1.moves.count })
    }

    @Test func freshAccountsAreNeverAskedForTwice() {
        var some = RequestLines(.fresh(prefix: "x.", accounts: 2), number: 1)
        var others = RequestLines(.fresh(prefix: "x.", accounts: 2), number: 2)
        let lines = [some.next(now: 0), some.next(now: 0), others.next(now: 0), others.next(now: 0)]
        #expect(Set(lines).count == 4)
        #expect(lines[0].contains(#"["x.1.1.0","x.1.1.1"]"#))
    }

    @Test func oneAccountOfARequestIsBad() {
        var lines = RequestLines(.withOneBad(prefix: "h.", accounts: 3), number: 7)
        #expect(lines.next(now: 0).contains(#"["h.bad.7.1.0","h.7.1.1","h.7.1.2"]"#))
    }

    @Test func briefRequestsEndBeforeTheirCalls() {
        var lines = RequestLines(.brief(prefix: "b."), number: 3)
        let texts = [lines.next(now: 0), lines.next(now: 0)]
        #expect(texts[0].contains(#"["b.3.1"]"#) && texts[1].contains(#"["b.3.2"]"#))
        #expect(texts.allSatisfy { $0.contains(#""timeoutMs":30}"#) })
    }

    @Test func joinersAskForTheSameUntilItsCallIsOver() {
        var lines = RequestLines(.joining(prefix: "j."), number: 1)
        let texts = [0, 1, RequestLines.joiningSeconds - 1, RequestLines.joiningSeconds].map { lines.next(now: $0) }
        #expect(texts[0] == texts[1] && texts[0] == texts[2] && texts[0] != texts[3])
        #expect(texts[0].contains(#""maxAgeMs":3600000"#))
    }

    private struct Missing: Error {}
}

struct SiegeRowTests {
    private static func waits(ping: Int, ask: Int) -> SiegeRow.Waits {
        SiegeRow.Waits(
            ping: Percentiles([.milliseconds(ping)]), ask: Percentiles([.milliseconds(ask)]))
    }

    private static let alone = waits(ping: 2, ask: 50)

    /// A row that is at every bound.
    private static let good = SiegeRow(
        trick: "x", waits: waits(ping: 26, ask: 130), failures: 0, bulkFailures: 0, bulkShare: 45,
        firstAnswer: .milliseconds(26), peakMemory: 597, memoryBound: 597, laterMemory: 60, loopTurn: 0.05,
        loopTurnByClock: 0.1,
        watchdogLateness: .seconds(1), delayed: .milliseconds(12), overLimit: 0,
        processorShare: 100, attack: AttackReport(connected: 1, sent: 7, answered: 7))

    private func missed(
        _ change: (inout SiegeRow) -> Void, alone: SiegeRow.Waits = alone, bounds: SiegeRow.Bounds = .usual
    ) -> [String] {
        var row = Self.good
        row.bounds = bounds
        change(&row)
        return row.findings(alone: alone).filter { !$0.isMet }.map(\.what)
    }

    @Test func atItsBoundsARowIsGood() {
        #expect(missed { _ in } == [])
        #expect(missed { ($0.firstAnswer, $0.laterMemory, $0.loopTurn, $0.attack) = (nil, nil, nil, nil) } == [])
    }

    @Test func eachBoundIsJudged() {
        #expect(missed { $0.waits = Self.waits(ping: 27, ask: 130) } == ["ping, p99"])
        #expect(missed { $0.waits = Self.waits(ping: 26, ask: 131) } == ["getAttrs, p99"])
        #expect(missed { $0.failures = 1 } == ["failures"])
        #expect(missed { $0.bulkFailures = 1 } == ["bulk, failures"])
        #expect(missed { $0.bulkShare = 44.9 } == ["bulk, of the limit"])
        #expect(missed { $0.firstAnswer = .milliseconds(27) } == ["first answer"])
        #expect(missed { $0.peakMemory = 598 } == ["peak memory"])
        #expect(missed { ($0.peakMemory, $0.memoryBound) = (601, nil) } == ["peak memory"])
        #expect(missed { ($0.peakMemory, $0.memoryBound) = (601, 700) } == ["peak memory"])
        #expect(missed { $0.laterMemory = 61 } == ["memory 30 s later"])
        #expect(missed { $0.loopTurn = 0.1 } == ["longest turn"])
        #expect(missed { $0.watchdogLateness = .milliseconds(1001) } == ["watchdog late"])
        #expect(missed { $0.attack?.connected = 0 } == ["attacker's connections"])
        #expect(missed { $0.overLimit = 1 } == ["calls over the limit"])
    }

    @Test func aTrickMayHaveBoundsOfItsOwn() {
        let own = SiegeRow.Bounds(askExtra: .milliseconds(100), bulkShare: nil, bulkFailures: 1)
        #expect(missed({ ($0.bulkShare, $0.bulkFailures) = (0, 1) }, bounds: own) == [])
        #expect(missed({ $0.bulkFailures = 2 }, bounds: own) == ["bulk, failures"])
        #expect(missed({ $0.waits = Self.waits(ping: 26, ask: 150) }, bounds: own) == [])
        #expect(missed({ $0.waits = Self.waits(ping: 26, ask: 151) }, bounds: own) == ["getAttrs, p99"])
    }

    @Test func withoutAnAnswerNoBoundIsMet() {
        let none = SiegeRow.Waits(ping: Percentiles([]), ask: Percentiles([]))
        #expect(missed { $0.waits = none } == ["ping, p99", "getAttrs, p99"])
        #expect(missed({ _ in }, alone: none) == ["ping, p99", "getAttrs, p99", "first answer"])
    }

    @Test func aLineOfTheTable() {
        let cells = { (text: String) in text.split(separator: " ").map(String.init) }
        #expect(
            cells(SiegeTable.text(Self.good, alone: Self.alone)) == [
                "x", "0", "26.0", "26.0", "130.0", "130.0", "45", "0", "26.0", "597", "60", "50", "100", "1000", "0",
                "100", "12", "7", "ok",
            ])
        var bad = Self.good
        (bad.failures, bad.laterMemory, bad.loopTurn) = (3, nil, nil)
        #expect(
            cells(SiegeTable.text(bad, alone: Self.alone)).suffix(10) == [
                "-", "-", "100", "1000", "0", "100", "12", "7", "MISSED:", "failures",
            ])
    }

    @Test func theTableBeginsWithItsBounds() {
        let lines = SiegeTable.head(alone: Self.alone, memoryBound: 597).split(separator: "\n")
        #expect(lines[0].hasSuffix("missed"))
        let limits = lines[1].split(separator: " ").map(String.init)
        #expect(
            limits == [
                "(should", "be)", "0", "≤26.0", "≤130.0", "≥45", "0", "≤26.0", "≤597", "≤60", "≤50", "≤1000", "0",
            ])
    }
}

struct SiegeReadingTests {
    private static let name = LoopTurns.Metric.processor.rawValue

    private func turns(_ counts: [Int]) -> LoopTurns? {
        let bounds = ["0.001", "0.01", "0.05", "+Inf"]
        let buckets = zip(bounds, counts).map { #"\#(Self.name)_bucket{le="\#($0)"} \#($1)"# }
        return LoopTurns(
            openMetrics: "# TYPE x\nother_bucket{le=\"9\"} 1\n" + buckets.joined(separator: "\n") + "\n# EOF\n",
            .processor)
    }

    @Test func theLongestTurnIsThatOfTheHighestBucketThatGrew() throws {
        let before = try #require(turns([10, 12, 12, 13]))
        #expect(try #require(turns([15, 17, 17, 18])).longest(since: before) == 0.001)
        #expect(try #require(turns([15, 18, 18, 19])).longest(since: before) == 0.01)
        #expect(try #require(turns([15, 18, 19, 20])).longest(since: before) == 0.05)
        #expect(try #require(turns([15, 18, 19, 21])).longest(since: before) == .infinity)
        #expect(before.longest(since: before) == 0)
    }

    @Test func aDaemonThatSaysNothingOfItsTurns() {
        #expect(LoopTurns(openMetrics: "# EOF\n", .clock) == nil)
        #expect(LoopTurns(answer: #"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}"#, .clock) == nil)
    }

    @Test func turnsAreReadFromTheAnswer() throws {
        let bucket = #"\#(Self.name)_bucket{le="0.5"} 3"#
        let body = bucket.replacing("\"", with: "\\\"")
        let answer = #"{"jsonrpc":"2.0","id":1,"result":{"contentType":"x","body":"\#(body)\n"}}"#
        #expect(LoopTurns(answer: answer, .processor) == LoopTurns(openMetrics: bucket, .processor))
        #expect(LoopTurns(answer: answer, .processor) != nil)
        #expect(LoopTurns(answer: answer, .clock) == nil)
    }

    @Test(arguments: [
        ("0-1", [0, 1]), ("0,2-4,7", [0, 2, 3, 4, 7]), ("3", [3]), (" 1-2\n", [1, 2]), ("", []), ("4-2", []),
    ]) func coresAreRead(list: String, numbers: [Int]) {
        #expect(ProcessorCores(list: list).numbers == numbers)
    }

    @Test func theDaemonHasTheFirstCoreForItself() {
        let two = ProcessorCores(list: "2-4")
        #expect(two.forDaemon == ["/usr/bin/taskset", "-c", "2"])
        #expect(two.exceptFirst(for: 7) == ["--all-tasks", "--cpu-list", "--pid", "3,4", "7"])
        let one = ProcessorCores(list: "2")
        #expect(one.forDaemon == [])
        #expect(one.exceptFirst(for: 7) == nil)
    }

    @Test func theMemoryBoundIsRead() {
        #expect(MemoryBound.read("x\nmemory: the bounds add up to 597 MiB, and there is no limit\n") == 597)
        #expect(MemoryBound.read("memory: the bounds add up to many MiB") == nil)
        #expect(MemoryBound.read("x") == nil)
    }

    @Test func theWaitForACoreIsRead() {
        #expect(ProcessorDelay.read(schedstat: "431324 31120604 3\n") == .nanoseconds(31_120_604))
        #expect(ProcessorDelay.read(schedstat: "") == .zero)
    }

    @Test func theLongestSilenceEndsAfterTheStart() {
        func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds) * 1_000_000_000) }
        let reports = NotifySocket.Reports()
        #expect(reports.longestSilence(since: at(10), until: at(14)) == .seconds(4))
        for time in [1, 8, 13, 14] { reports.add(at(Int64(time))) }
        #expect(reports.longestSilence(since: at(10), until: at(16)) == .seconds(5))
        #expect(reports.longestSilence(since: at(14), until: at(20)) == .seconds(6))
    }

    @Test func reportsToTheWatchdogAreNoted() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let socket = try await NotifySocket.open(in: folder)
        let path = try #require(socket.environment["NOTIFY_SOCKET"])
        #expect(socket.environment["WATCHDOG_USEC"] == "3000000")
        try notify("READY=1", at: path)
        try notify("STATUS=x\nWATCHDOG=1", at: path)
        try await Patience.wait(for: "a report") { try await socket.reportCount == 1 ? () : nil }
        try await socket.close()
    }

    private func notify(_ text: String, at path: String) throws {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let sent = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.utf8.count, 0, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(sent == text.utf8.count)
    }

    @Test func memoryIsRead() throws {
        let memory = DaemonMemory(status: "Name:\timattrd\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n")
        #expect(memory.now == 1 << 20)
        #expect(memory.peak == 2 << 20)
        #expect(try DaemonMemory(of: getpid()).peak > 0)
    }
}

struct ProbeTests {
    private func probe(_ path: String) async throws -> NIOLoopBound<Probe> {
        let eventLoop = Crowd.eventLoop
        let probe = try await eventLoop.submit {
            let probe = Probe(path: path, uid: nil, interval: .milliseconds(1), on: eventLoop) { .ping }
            probe.connect()
            return NIOLoopBound(probe, eventLoop: eventLoop)
        }.get()
        try await Patience.wait(for: "a connection") {
            try await eventLoop.submit { probe.value.isConnected }.get() ? () : nil
        }
        return probe
    }

    /// What is not answered rightly is a failure, and so is what cannot be asked at all.
    @Test func eachQuestionHasItsEnd() async throws {
        try await ScriptedDaemon.run([.pong, .pong, .wrong, .refusal(retryable: true), .hangUp]) { path in
            let probe = try await probe(path)
            try await Crowd.eventLoop.submit { probe.value.begin() }.get()
            let events = try await Patience.wait(for: "the ends of questions") {
                let events = try await Crowd.eventLoop.submit { probe.value.events }.get()
                return events.count > 5 ? events : nil
            }
            try await Crowd.eventLoop.submit { probe.value.leave() }.get()
            #expect(events.prefix(3).map(\.reply) == [.right, .right, .wrong])
            #expect(events[3].reply == .refused(.init(code: -32000, data: .init(retryable: true, retryAfterMs: 1))))
            #expect(events.dropFirst(4).allSatisfy { $0.reply == .lost })
            let victim = Victim.Events(pings: events, asks: [], longAsks: [], unanswered: 2)
            #expect(victim.failures == events.count - 2 + 2)
        }
    }
}

struct AttackerTests {
    private func attack(_ behaviour: Move.Behaviour, at path: String) async throws -> NIOLoopBound<AttackCounts> {
        let eventLoop = Crowd.eventLoop
        return try await eventLoop.submit {
            let counts = AttackCounts()
            Attacker.begin(
                [Move(1, behaviour)], path: path, firstUser: nil, counts: counts, on: eventLoop)
            return NIOLoopBound(counts, eventLoop: eventLoop)
        }.get()
    }

    /// What it has done when the `condition` holds, which ends it.
    private func report(
        _ counts: NIOLoopBound<AttackCounts>, when condition: @escaping @Sendable (AttackReport) -> Bool
    ) async throws -> AttackReport {
        let report = try await Patience.wait(for: "the attack") {
            let report = try await Crowd.eventLoop.submit { counts.value.report }.get()
            return condition(report) ? report : nil
        }
        try await Crowd.eventLoop.submit { counts.value.goesOn = false }.get()
        return report
    }

    @Test func eachAnswerIsFollowedByTheNextRequest() async throws {
        try await ScriptedDaemon.run(Array(repeating: .pong, count: 6)) { path in
            let counts = try await attack(.ask(.status, depth: 2), at: path)
            // The script's end closes the connection, and another one is made.
            let report = try await report(counts) { $0.answered == 6 && $0.connected > 1 }
            #expect(report.sent >= 8)
        }
    }

    @Test func aConnectionForEachRequest() async throws {
        try await ScriptedDaemon.run(Array(repeating: .pong, count: 4)) { path in
            let counts = try await attack(.reconnect(.metrics), at: path)
            let report = try await report(counts) { $0.answered == 4 }
            #expect(report.connected >= 4)
        }
    }

    @Test func answersThatAreNotReadAreNotCounted() async throws {
        // More than the attacker can send before it is looked at: what is left when a connection ends is read.
        try await ScriptedDaemon.run(Array(repeating: .pong, count: 2_000)) { path in
            let counts = try await attack(.readNothing(.held(prefix: "x", accounts: 1_000)), at: path)
            let report = try await report(counts) { $0.sent >= 10 }
            #expect(report.answered == 0)
        }
    }
}

import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import AttributeDaemon

/// Times of the event loop's turns.
@Suite(.timeLimit(.minutes(1))) struct LoopTurnsTests {
    /// Runs a body with a loop whose turns are measured.
    private func withLoop(_ body: (any EventLoop, NIOLoopBound<LoopTurns>) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.any()
        let result: Result<Void, any Error>
        do {
            let turns = try await loop.submit {
                NIOLoopBound(LoopTurns(loop, memory: MemoryReturn(loop) {}), eventLoop: loop)
            }.get()
            result = .success(try await body(loop, turns))
        } catch {
            result = .failure(error)
        }
        try await group.shutdownGracefully()
        try result.get()
    }

    /// The first turns that were measured.
    private func measured(_ turns: NIOLoopBound<LoopTurns>, _ loop: any EventLoop) async throws -> Histogram {
        while true {
            let histogram = try await loop.submit { turns.value.histogram }.get()
            if histogram.count > 0 { return histogram }
        }
    }

    /// Keeps the thread busy, as work on the loop does.
    private static func work(for duration: Duration) {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {}
    }

    @Test func aTurnBeginsWithTheFirstNote() async throws {
        try await withLoop { loop, turns in
            try await loop.submit {
                turns.value.note()
                Self.work(for: .milliseconds(60))
                turns.value.note()
            }.get()
            let histogram = try await measured(turns, loop)
            #expect(histogram.count == 1)
            #expect(histogram.cumulative[5] == 0, "it is longer than 50 ms")
        }
    }

    /// Only then is it known how long it took.
    @Test func longWorkIsNotedWhenItIsDone() async throws {
        try await withLoop { loop, turns in
            for (work, count) in [(Duration.microseconds(1), 0), (.milliseconds(60), 1)] {
                try await loop.submit {
                    let start = NIODeadline.now()
                    Self.work(for: work)
                    turns.value.note(since: start)
                }.get()
                if count > 0 { _ = try await measured(turns, loop) }
                let histogram = try await loop.submit { turns.value.histogram }.get()
                #expect(histogram.count == count)
                #expect(histogram.cumulative[5] == 0)
            }
        }
    }

    @Test func aTurnEndsWithTheTasksThatFollow() async throws {
        try await withLoop { loop, turns in
            try await loop.submit {
                turns.value.note()
                loop.execute {
                    Self.work(for: .milliseconds(20))
                    loop.execute {
                        Self.work(for: .milliseconds(20))
                        loop.execute { Self.work(for: .milliseconds(20)) }
                    }
                }
            }.get()
            let histogram = try await measured(turns, loop)
            #expect(histogram.count == 1)
            #expect(histogram.cumulative[5] == 0, "it is longer than 50 ms")
        }
    }

    /// Other threads have the processor while it waits.
    @Test func processorTimeIsMeasuredApart() async throws {
        try await withLoop { loop, turns in
            try await loop.submit {
                turns.value.note()
                Self.work(for: .milliseconds(10))
                usleep(60_000)
            }.get()
            #expect(try await measured(turns, loop).cumulative[5] == 0, "it is longer than 50 ms")
            let histogram = try await loop.submit { turns.value.processorHistogram }.get()
            #expect(histogram.count == 1)
            #expect(histogram.cumulative[5] == 1, "it takes less than 50 ms of processor time")
        }
    }

    /// They are not timed one by one, but a turn with many of them is.
    @Test func manySmallThingsBeginATurn() async throws {
        try await withLoop { loop, turns in
            let all = Int(LoopTurns.smallWork.nanoseconds / 10_000)
            for count in [all - 1, 1] {
                try await loop.submit {
                    for _ in 0..<count { turns.value.note(about: .microseconds(10)) }
                    Self.work(for: .milliseconds(60))
                }.get()
            }
            let histogram = try await measured(turns, loop)
            #expect(histogram.count == 1)
            #expect(histogram.cumulative[5] == 0, "the turn of the last one is longer than 50 ms")
        }
    }

    /// The tasks of the watchdog run, but the daemon looks at no socket.
    @Test func aLoopThatRunsTasksWithoutEndDoesNotComeRound() async throws {
        try await DaemonUnderTest.run { test in
            let loop = test.daemon.eventLoop
            let spinner = try await loop.submit { NIOLoopBound(Spinner(loop), eventLoop: loop) }.get()
            var seen: [Int] = []
            for _ in 0..<3 { seen.append(try await test.daemon.loopTurns) }
            #expect(Set(seen).count == 1)
            try await loop.submit { spinner.value.goesOn = false }.get()
            while try await test.daemon.loopTurns == seen[0] {}
        }
    }

    private final class Spinner {
        var goesOn = true

        init(_ loop: any EventLoop) { spin(loop) }

        private func spin(_ loop: any EventLoop) {
            loop.assumeIsolated().execute { if self.goesOn { self.spin(loop) } }
        }
    }

    @Test func aDaemonsTurnsAreInItsMetrics() async throws {
        try await DaemonUnderTest.run { test in
            let client = try await test.connect()
            _ = try await client.getAttrs(["abc"])
            let answer = try await client.ask(#"{"jsonrpc":"2.0","id":"m","method":"getMetrics"}"#)
            let metrics = try OpenMetricsParser(try #require(answer.result?["body"] as? String))
            #expect(try #require(metrics.value("imattrd_loop_turn_seconds_count")) >= 1)
            #expect(metrics.value("imattrd_loop_turn_seconds_bucket", ["le": "0.001"]) != nil)
            #expect(metrics.value("imattrd_loop_turn_seconds_bucket", ["le": "10.0"]) != nil)
        }
    }
}

/// What the service manager is told.
@Suite struct LifeSignsTests {
    @Test func aLoopThatTurnsIsAlive() {
        var signs = LifeSigns()
        for turns in [0, 1, 5, 6] { #expect(signs.next(turns: turns, isSound: true) == .alive) }
    }

    /// The watchdog's task runs, but in a turn that never ends.
    @Test func aLoopThatEndsNoTurnIsSilent() {
        var signs = LifeSigns()
        #expect(signs.next(turns: 7, isSound: true) == .alive)
        #expect(signs.next(turns: 7, isSound: true) == .silent)
        #expect(signs.next(turns: 7, isSound: true) == .silent)
        #expect(signs.next(turns: 8, isSound: true) == .alive)
    }

    @Test func aSchedulerThatCannotGoOnIsBroken() {
        var signs = LifeSigns()
        #expect(signs.next(turns: 1, isSound: false) == .broken)
        #expect(signs.next(turns: 2, isSound: true) == .alive)
    }
}

import NIOCore
import NIOPosix
import Testing

@testable import AttributeDaemon

/// Times of the event loop's turns.
@Suite(.timeLimit(.minutes(1))) struct LoopTurnsTests {
    /// Runs a body with a loop whose turns are measured.
    private func withLoop(_ body: (any EventLoop, LoopTurns) async throws -> Void) async throws {
        let turns = LoopTurns()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1, metricsDelegate: turns)
        let result: Result<Void, any Error>
        do { result = .success(try await body(group.any(), turns)) } catch { result = .failure(error) }
        try await group.shutdownGracefully()
        try result.get()
    }

    /// Keeps the thread busy, as work on the loop does.
    private static func work(for duration: Duration) {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {}
    }

    @Test func tasksCount() async throws {
        try await withLoop { loop, turns in
            try await loop.submit { Self.work(for: .milliseconds(60)) }.get()
            // Another turn has begun, so the first has ended.
            while turns.histogram.sum < 0.06 { try await loop.submit {}.get() }
            #expect(turns.count >= 1)
            #expect(turns.histogram.count >= 1)
            #expect(turns.histogram.cumulative[5] < turns.histogram.count, "one is longer than 50 ms")
        }
    }

    /// What is done for sockets comes before NIO takes the time, and is noted.
    @Test func theTurnBeginsWithTheFirstNote() async throws {
        try await withLoop { loop, turns in
            let server = try await ServerBootstrap(group: loop)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Busy(turns))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(to: try #require(server.localAddress)).get()
            try await client.writeAndFlush(ByteBuffer(string: "x"))
            while turns.histogram.sum < 0.06 { try await loop.submit {}.get() }
            #expect(turns.histogram.cumulative[5] < turns.histogram.count)
            try await client.close()
        }
    }

    /// They are not timed one by one, but a turn with many of them is.
    @Test func manySmallThingsBeginATurn() {
        let turns = LoopTurns()
        for count in [7, 8] {
            for _ in 0..<count { turns.noteSmall() }
            let end = NIODeadline.now() + .seconds(1)
            turns.turnEnded(tasks: 0, begunAt: end, at: end)
            #expect((turns.histogram.sum >= 1) == (count == 8))
        }
    }

    private final class Busy: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let turns: LoopTurns

        init(_ turns: LoopTurns) { self.turns = turns }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            turns.note()
            LoopTurnsTests.work(for: .milliseconds(60))
            turns.note()
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
            #expect(try await test.daemon.loopTurns > 0)
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

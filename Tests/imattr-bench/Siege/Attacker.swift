import Glibc
import NIOCore
import NIOPosix

/// One connection of an attacker, which is made again when it ends. Belongs to one event loop.
final class Attacker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long to wait before connecting again where that has just failed.
    private static let pause = TimeAmount.milliseconds(5)
    /// Lines that are made for one write.
    private static let batch = 64
    /// Writes of a connection before others have their turn.
    private static let writesInARow = 16
    private static let rest = TimeAmount.microseconds(200)

    private let behaviour: Move.Behaviour
    private let path: String
    private let uid: uid_t?
    private let counts: AttackCounts
    private let eventLoop: any EventLoop
    private var lines: RequestLines?
    /// Requests that may still be sent.
    private var credit = 0
    /// Whether lines are being sent, or will be when others have had their turn.
    private var isSending = false

    /// Makes the connections of some moves, as users from `firstUser` on or, without one, as who we are.
    static func begin(
        _ moves: [Move], path: String, firstUser: uid_t?, counts: AttackCounts, on eventLoop: any EventLoop
    ) {
        let attackers = moves.enumerated().flatMap { number, move in
            (0..<move.connections).map { index in
                // Tells the supplies of requests apart.
                let number = number * 10_000 + index
                let uid = firstUser.map { $0 + uid_t(index % move.users) }
                return Attacker(move.behaviour, path: path, uid: uid, number: number, counts: counts, on: eventLoop)
            }
        }
        // Each user once, since changing the user takes long.
        for (uid, attackers) in Dictionary(grouping: attackers, by: \.uid) {
            OtherUsers.act(as: uid) { for attacker in attackers { attacker.connect() } }
        }
    }

    private init(
        _ behaviour: Move.Behaviour, path: String, uid: uid_t?, number: Int, counts: AttackCounts,
        on eventLoop: any EventLoop
    ) {
        self.behaviour = behaviour
        self.path = path
        self.uid = uid
        self.counts = counts
        self.eventLoop = eventLoop
        switch behaviour {
        case .ask(let requests, _), .readNothing(let requests), .reconnect(let requests):
            lines = RequestLines(requests, number: number)
        case .halfLine, .stay: lines = nil
        }
    }

    private func connect() {
        guard counts.goesOn else { return }
        guard let descriptor = UnixSocket.connect(to: path, as: uid) else { return connectLater() }
        counts.report.connected += 1
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
            .withConnectedSocket(descriptor)
            .assumeIsolated()
            .whenFailure { _ in self.connectLater() }
    }

    private func connectLater() {
        eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.connect() }
    }

    private var reads: Bool {
        if case .readNothing = behaviour { false } else { true }
    }

    func channelActive(context: ChannelHandlerContext) {
        switch behaviour {
        case .ask(_, let depth): credit = depth
        case .readNothing: credit = .max
        case .reconnect: credit = 1
        case .halfLine(let bytes):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: UInt8(ascii: "x"), count: bytes)), promise: nil)
        case .stay: break
        }
        send(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What is left when the connection ends comes here even so.
        guard reads else { return }
        let answers = unwrapInboundIn(data).readableBytesView.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        counts.report.answered += answers
        switch behaviour {
        case .ask:
            credit += answers
            send(context)
        case .reconnect:
            if answers > 0 { context.close(promise: nil) }
        case .readNothing, .halfLine, .stay: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        send(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        credit = 0
        switch behaviour {
        case .reconnect: eventLoop.assumeIsolated().execute { self.connect() }
        case .ask, .readNothing, .halfLine, .stay: connectLater()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Sends as much as may be sent now, and lets other connections have their turn after some of it: a daemon that reads
    /// as fast as this writes would leave this channel writable for ever.
    private func send(_ context: ChannelHandlerContext) {
        guard !isSending else { return }
        isSending = true
        for _ in 0..<Self.writesInARow {
            guard credit > 0, context.channel.isActive, context.channel.isWritable, let batch = nextBatch() else {
                isSending = false
                return
            }
            context.writeAndFlush(wrapOutboundOut(batch), promise: nil)
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.rest) {
            self.isSending = false
            if context.channel.isActive { self.send(context) }
        }
    }

    /// The next lines; nil if there are none.
    private func nextBatch() -> ByteBuffer? {
        let now = NIODeadline.now().uptimeNanoseconds / 1_000_000_000
        var batch = ByteBuffer()
        var count = 0
        while credit > 0, count < Self.batch, batch.readableBytes < 1 << 16, let line = lines?.next(now: Int64(now)) {
            batch.writeString(line)
            credit -= 1
            count += 1
        }
        counts.report.sent += count
        return count > 0 ? batch : nil
    }
}

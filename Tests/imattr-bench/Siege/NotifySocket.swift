import NIOCore
import NIOPosix

/// Plays the service manager for a daemon that is started with ``environment``: notes when it reports to the watchdog.
final class NotifySocket: Sendable {
    /// How often the daemon reports: three times within the time that it is given.
    static let interval = Duration.seconds(1)

    private let channel: any Channel
    private let reports: NIOLoopBound<Reports>
    private let path: String

    /// Listens in a folder.
    static func open(in folder: TemporaryFolder) async throws -> NotifySocket {
        let path = folder.path("notify")
        let eventLoop = Crowd.eventLoop
        let reports = try await eventLoop.submit { NIOLoopBound(Reports(), eventLoop: eventLoop) }.get()
        // A datagram channel of NIO cannot name senders that have no address, and drops what they send. As a pipe, the
        // socket gives a datagram with each read.
        let channel = try await NIOPipeBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(reports.value) }
            }
            .takingOwnershipOfDescriptor(input: UnixSocket.receiver(at: path)).get()
        return NotifySocket(channel: channel, reports: reports, path: path)
    }

    private init(channel: any Channel, reports: NIOLoopBound<Reports>, path: String) {
        (self.channel, self.reports, self.path) = (channel, reports, path)
    }

    /// What the daemon gets to know of the watchdog.
    var environment: [String: String] {
        ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "\(Int(Self.interval * 3 / .microseconds(1)))"]
    }

    /// How late the latest of its reports came since `start`, or is by now.
    func lateness(since start: NIODeadline) async throws -> Duration {
        try await channel.eventLoop.submit { [reports] in
            max(.zero, reports.value.longestSilence(since: start, until: .now()) - Self.interval)
        }.get()
    }

    /// How many there were.
    var reportCount: Int {
        get async throws { try await channel.eventLoop.submit { [reports] in reports.value.count }.get() }
    }

    func close() async throws { try await channel.close() }

    /// Belongs to one event loop.
    final class Reports: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private var times: [NIODeadline] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let lines = String(buffer: unwrapInboundIn(data)).split(separator: "\n")
            if lines.contains("WATCHDOG=1") { add(.now()) }
        }

        var count: Int { times.count }

        func add(_ time: NIODeadline) { times.append(time) }

        /// The longest time without a report that has ended after `start`.
        func longestSilence(since start: NIODeadline, until now: NIODeadline) -> Duration {
            let ends = times + [now]
            let silences = zip([start] + times, ends).filter { $0.1 >= start }
            return silences.map { .nanoseconds(($0.1 - $0.0).nanoseconds) }.max() ?? .zero
        }
    }
}

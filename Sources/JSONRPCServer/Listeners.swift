import Glibc
import NIOCore
import NIOPosix

/// The listening sockets of a server, which accept together or pause together. All on one event loop.
public final class Listeners {
    /// Called when a shortage of descriptors begins (true), and when it is over (false). Set after init, because the owner is
    /// not complete before it has its listeners.
    var shortageChanged: ((Bool) -> Void)?
    private let eventLoop: any EventLoop
    private var channels: [any Channel] = []
    /// Those sockets that no other process goes on with, and what takes their paths away.
    private var own: [(socket: CInt, unbind: @Sendable () -> Void)] = []
    private var supply = DescriptorSupply()
    private var alarm: Scheduled<Void>?

    /// How long to wait for a connection to close before accepting is tried again: others may use descriptors, too. Tests change it.
    var pause: TimeAmount = .seconds(1)

    /// No socket yet.
    public init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Whether accepting pauses.
    var areShortOfDescriptors: Bool { supply.isShort }
    /// Where they listen.
    var paths: [String] { channels.compactMap { $0.localAddress?.pathname } }

    /// Accepts connections on a socket that listens already, and takes it over.
    ///
    /// While the process has no descriptor left for another connection, none is accepted until one closes or a second is over.
    /// - Parameter unbind: Takes the path of a socket away; nil if another process goes on with the socket.
    public func listen(
        on socket: CInt, unbind: (@Sendable () -> Void)? = nil, accept: @escaping (any Channel) throws -> Void
    ) -> EventLoopFuture<Void> {
        let listeners = NIOLoopBound((self, accept), eventLoop: eventLoop)
        return ServerBootstrap(group: eventLoop)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Watcher(listeners.value.0))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // A channel keeps its receive buffers, also while it is idle: one small one, as many may be idle.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 16384)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try listeners.value.1(channel) }
            }
            .withBoundSocket(socket)
            .flatMapThrowing { channel in
                // NIO has cut the queue of the socket down to its own default of 128.
                guard Glibc.listen(socket, ServerLimits.acceptQueue) == 0 else {
                    throw IOError(errnoCode: errno, reason: "listen")
                }
                listeners.value.0.channels.append(channel)
                if let unbind { listeners.value.0.own.append((socket, unbind)) }
            }
    }

    /// Accepts those that have connected to sockets that no other process goes on with, and closes the listening sockets.
    func end() -> EventLoopFuture<Void> {
        for (_, unbind) in own { unbind() }
        let done = eventLoop.makePromise(of: Void.self)
        closeWhenNobodyWaits(done)
        return done.futureResult
    }

    private func closeWhenNobodyWaits(_ done: EventLoopPromise<Void>) {
        var waiting = own.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        guard !channels.isEmpty, !supply.isShort, unsafe poll(&waiting, nfds_t(waiting.count), 0) > 0 else {
            close()
            return done.succeed()
        }
        // The loop accepts them meanwhile.
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { [self] in closeWhenNobodyWaits(done) }
    }

    /// Closes the listening sockets.
    public func close() {
        alarm?.cancel()
        for channel in channels { channel.close(promise: nil) }
        channels = []
        own = []
    }

    /// A descriptor may be free, since a connection has closed.
    public func descriptorMayBeFree() { act(supply.mayBeFree()) }

    private func act(_ action: DescriptorSupply.Action) {
        switch action {
        case .nothing: break
        case .pause(let isNew):
            accept(false)
            setAlarm()
            if isNew { shortageChanged?(true) }
        case .resume:
            accept(true)
            setAlarm()
        case .recovered:
            alarm?.cancel()
            shortageChanged?(false)
        }
    }

    private func setAlarm() {
        alarm?.cancel()
        alarm = eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak self] () -> Void in
            guard let self else { return }
            act(supply.timePassed())
        }
    }

    /// Has the loop look at the listening sockets, or not. To hold back `read` is not enough: after a failed attempt the
    /// channel believes that one is still to be made, and the loop comes back at once, again and again.
    private func accept(_ isOn: Bool) {
        for channel in channels {
            // It fails only for a channel that is closed.
            try? channel.syncOptions?.setOption(.autoRead, value: isOn)
        }
    }

    /// Sees what is accepted, and what cannot be.
    private final class Watcher: ChannelInboundHandler {
        typealias InboundIn = any Channel

        private let listeners: Listeners

        init(_ listeners: Listeners) { self.listeners = listeners }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            listeners.act(listeners.supply.accepted())
            context.fireChannelRead(data)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            switch (error as? IOError)?.errnoCode {
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: listeners.act(listeners.supply.failed())
            default: context.fireErrorCaught(error)
            }
        }
    }
}

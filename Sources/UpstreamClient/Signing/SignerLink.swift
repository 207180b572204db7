import Glibc
import NIOCore
import NIOPosix

/// The connection to the signer. Carries out what ``SignerLinkState`` decides. Lives on one event loop.
final class SignerLink {
    private let path: String
    private let eventLoop: any EventLoop
    private let report: (Report) -> Void
    private var state = SignerLinkState()
    private var channel: (any Channel)?
    /// Which attempt to connect is the latest; what comes of earlier ones is not wanted any more.
    private var attempt = 0
    private var alarm: Scheduled<Void>?

    /// What comes of it.
    enum Report {
        /// - Parameter isFirst: Whether it is the first one on its connection.
        case answered(SignerAnswer, isFirst: Bool)
        case failed(SignerTrouble)
    }

    /// - Parameter report: Called on the event loop, never before ``start()`` returns.
    init(path: String, eventLoop: any EventLoop, report: @escaping (Report) -> Void) {
        self.path = path
        self.eventLoop = eventLoop
        self.report = report
    }

    /// Asks for the first UserSig.
    func start() { eventLoop.assumeIsolated().execute { [self] in carryOut(state.start()) } }

    /// Asks for another one.
    func wantAnother() { carryOut(state.wantAnother()) }

    /// Has another one asked for after a time, in the place of any earlier such wish.
    func wantAnother(after time: Duration) { setAlarm(time) }

    /// Closes the connection. Nothing is reported any more.
    func stop() {
        carryOut(state.stop())
        alarm?.cancel()
    }

    private func carryOut(_ actions: [SignerLinkState.Action]) {
        for action in actions {
            switch action {
            case .connect: connect()
            case .ask: channel?.writeAndFlush(ByteBuffer(bytes: SignerAnswer.request), promise: nil)
            case .close:
                attempt += 1
                channel?.close(promise: nil)
                channel = nil
            case .setAlarm(let time): setAlarm(time)
            case .failed(let trouble): report(.failed(trouble))
            case .answered(let answer, let isFirst): report(.answered(answer, isFirst: isFirst))
            }
        }
    }

    private func setAlarm(_ time: Duration) {
        alarm?.cancel()
        alarm = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak self] () -> Void in
            guard let self else { return }
            carryOut(state.timeIsUp())
        }
    }

    private func connect() {
        attempt += 1
        let attempt = attempt
        let link = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        SignerAnswerHandler(link.value, attempt: attempt))
                }
            }
            .connect(unixDomainSocketPath: path)
            .whenComplete { result in link.value.connected(result, attempt: attempt) }
    }

    private func connected(_ result: Result<any Channel, any Error>, attempt: Int) {
        guard attempt == self.attempt else {
            if case .success(let channel) = result { channel.close(promise: nil) }
            return
        }
        switch result {
        case .success(let channel):
            self.channel = channel
            carryOut(state.connected())
        case .failure(let error):
            carryOut(state.connectingFailed((error as? IOError).map { $0.reason } ?? "\(error)"))
        }
    }

    fileprivate func received(_ line: [UInt8]?, attempt: Int) {
        if attempt == self.attempt { carryOut(state.received(line)) }
    }

    fileprivate func closed(attempt: Int) {
        guard attempt == self.attempt else { return }
        channel = nil
        carryOut(state.closed())
    }
}

extension IOError {
    /// What the system says, without the name of the call.
    fileprivate var reason: String { unsafe String(cString: strerror(errnoCode)) }
}

/// Gathers the signer's answers.
private final class SignerAnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private weak var link: SignerLink?
    private let attempt: Int
    private var line: [UInt8] = []

    init(_ link: SignerLink, attempt: Int) {
        self.link = link
        self.attempt = attempt
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        line += Array(buffer: unwrapInboundIn(data))
        while let end = line.firstIndex(of: UInt8(ascii: "\n")) {
            let answer = Array(line[..<end])
            line.removeSubrange(...end)
            link?.received(answer, attempt: attempt)
        }
        if line.count > SignerAnswer.maximumLength {
            line = []
            link?.received(nil, attempt: attempt)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { link?.closed(attempt: attempt) }

    /// The end of the connection follows.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

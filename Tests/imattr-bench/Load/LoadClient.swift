import Glibc
import NIOCore
import NIOPosix

/// A connection to the daemon with any number of questions under way. Belongs to one event loop.
final class LoadClient {
    private struct Waiting {
        let question: Question
        let completion: (Reply) -> Void
    }

    /// Called when the connection has ended, after everything that waited was told so.
    var ended: () -> Void = {}
    private var channel: (any Channel)?
    private var waiting: [Int: Waiting] = [:]
    private var lastID = 0

    /// Connects to the socket at `path`, as the user `uid` or as we are, and calls `completion` with the connection, or
    /// with nil if there is none to be had at present.
    static func connect(
        to path: String, as uid: uid_t? = nil, on eventLoop: any EventLoop,
        completion: @escaping (LoadClient?) -> Void
    ) {
        let client = LoadClient()
        let bound = NIOLoopBound(client, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(LineDecoder()), Receiver(client: bound.value),
                    ])
                }
            }
        let connected: EventLoopFuture<any Channel>
        if let uid {
            guard let descriptor = UnixSocket.connect(to: path, as: uid) else { return completion(nil) }
            connected = bootstrap.withConnectedSocket(descriptor)
        } else {
            connected = bootstrap.connect(unixDomainSocketPath: path)
        }
        connected
            .assumeIsolated()
            .whenComplete { result in
                client.channel = try? result.get()
                completion(client.channel == nil ? nil : client)
            }
    }

    /// Sends a question; `completion` is called once, never before this returns.
    func ask(_ question: Question, completion: @escaping (Reply) -> Void) {
        lastID += 1
        waiting[lastID] = Waiting(question: question, completion: completion)
        channel?.writeAndFlush(ByteBuffer(string: question.line(id: lastID)), promise: nil)
    }

    func close() {
        channel?.close(promise: nil)
    }

    private func received(_ line: ByteBuffer) {
        guard let id = Reply.id(of: line), let asked = waiting.removeValue(forKey: id) else {
            // Nobody asked for this. Whoever sends it may send anything: the questions that wait count as lost.
            return close()
        }
        asked.completion(Reply(line, to: asked.question, id: id))
    }

    private func closed() {
        channel = nil
        let lost = waiting
        waiting = [:]
        for asked in lost.values { asked.completion(.lost) }
        ended()
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let client: LoadClient

        init(client: LoadClient) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { client.received(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { client.closed() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

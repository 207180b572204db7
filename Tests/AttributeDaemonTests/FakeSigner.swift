import Foundation
import NIOCore
import NIOPosix
import Synchronization
import UserSig

/// A signer on a socket, as the daemon sees one; it can go away, come back, and answer what it should not.
final class FakeSigner: Sendable {
    /// What it says of each UserSig, and what it makes it with.
    struct Terms: Sendable {
        var key: String
        var sdkAppID: UInt64
        var admin: String
        var lifetime: Int64 = 900
        /// An answer instead of a UserSig: the JSON text of the member after the id.
        var answer: String?
        /// Whether it reads and does not answer.
        var isSilent = false
    }

    private let path: String
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let terms: Mutex<Terms>
    private let listener = Mutex<(any Channel)?>(nil)
    private let clients = Mutex<[any Channel]>([])
    private let count = Mutex(0)

    init(path: String, _ terms: Terms) {
        self.path = path
        self.terms = Mutex(terms)
    }

    /// UserSigs that were asked for.
    var asked: Int { count.withLock { $0 } }

    func change(_ change: (inout Terms) -> Void) { terms.withLock { change(&$0) } }

    func start() async throws {
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { [self] channel in
                clients.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(self))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        listener.withLock { $0 = channel }
    }

    /// Closes its socket and all connections, as its end does.
    func stop() async throws {
        let listener = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        try await listener?.close().get()
        let clients = clients.withLock { clients in
            defer { clients = [] }
            return clients
        }
        for client in clients { try? await client.close().get() }
    }

    func tearDown() async throws {
        try await stop()
        try await group.shutdownGracefully()
    }

    private func answer() -> String? {
        count.withLock { $0 += 1 }
        let terms = terms.withLock { $0 }
        if terms.isSilent { return nil }
        if let answer = terms.answer { return #"{"jsonrpc":"2.0","id":1,\#(answer)}"# + "\n" }
        let now = Int64(time(nil))
        let signer = UserSigSigner(sdkAppID: terms.sdkAppID, key: SecretKey(terms.key))
        let signature = signer.sign(identifier: terms.admin, issuedAt: now, validFor: terms.lifetime)
        return #"{"jsonrpc":"2.0","id":1,"result":{"userSig":"\#(signature.text)","issuedAt":\#(now),"#
            + #""expiresAt":\#(now + terms.lifetime),"sdkAppId":\#(terms.sdkAppID),"admin":"\#(terms.admin)"}}"# + "\n"
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let signer: FakeSigner

        init(_ signer: FakeSigner) { self.signer = signer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let lines = unwrapInboundIn(data).readableBytesView.count { $0 == UInt8(ascii: "\n") }
            for _ in 0..<lines {
                guard let answer = signer.answer() else { continue }
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            }
        }
    }
}

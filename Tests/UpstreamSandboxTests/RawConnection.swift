import NIOCore
import NIOPosix
import NIOSSL
import UpstreamSandbox

/// A TLS connection to a sandbox that writes and reads bytes, so that no HTTP client's habits are in the way. The
/// certificate is verified in full, against the sandbox's authority alone.
final class RawConnection {
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received = ByteBuffer()

    static func with<Result>(
        _ sandbox: SandboxServer, trusting authority: String? = nil,
        _ body: (RawConnection) async throws -> Result
    ) async throws -> Result {
        let trusted = Array((authority ?? sandbox.certificateAuthorityPEM).utf8)
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(trusted))
        tls.certificateVerification = .fullVerification
        let context = try NIOSSLContext(configuration: tls)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: sandbox.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let connection = RawConnection(iterator: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(connection)
        }
    }

    private init(
        iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.iterator = iterator
        self.outbound = outbound
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// Sends a call, and returns its answer.
    func exchange(_ call: TestCall) async throws -> RawAnswer {
        try await send(call.text)
        return try await answer()
    }

    /// Makes the calls one after the other, and returns the error codes of their answers.
    func codes(_ calls: [TestCall]) async throws -> [Int] {
        var codes: [Int] = []
        for call in calls { codes.append(try DecodedAnswer(try await exchange(call)).ErrorCode) }
        return codes
    }

    /// The next answer, which must say its length.
    func answer() async throws -> RawAnswer {
        while true {
            if let answer = RawAnswer(takingFrom: &received) { return answer }
            guard try await receive() else { throw EndOfStream(bytes: received.readableBytes) }
        }
    }

    /// What came and was not taken yet.
    var text: String { String(buffer: received) }

    /// The next so many bytes.
    func bytes(_ count: Int) async throws -> String {
        while true {
            if let text = received.readString(length: count) { return text }
            guard try await receive() else { throw EndOfStream(bytes: received.readableBytes) }
        }
    }

    /// Reads to the end of the connection, and returns how many bytes came. Throws if it was reset.
    func bytesToEnd() async throws -> Int {
        while try await receive() {}
        return received.readableBytes
    }

    /// Whether more came; false at the end.
    private func receive() async throws -> Bool {
        do {
            guard var bytes = try await iterator.next() else { return false }
            received.writeBuffer(&bytes)
            return true
        } catch NIOSSLError.uncleanShutdown {
            return false
        }
    }

    struct EndOfStream: Error {
        /// How many bytes came that are no answer.
        var bytes: Int
    }
}

/// An HTTP answer.
struct RawAnswer {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// Takes a complete answer off `buffer`; nil if it is not there yet.
    init?(takingFrom buffer: inout ByteBuffer) {
        let view = buffer.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: view[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        headers = lines.dropFirst().reduce(into: [:]) { headers, line in
            let name = line.prefix { $0 != ":" }
            headers[name.lowercased()] = String(line.dropFirst(name.count + 2))
        }
        let length = headers["content-length"].flatMap(Int.init) ?? 0
        let bodyStart = end.upperBound
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }),
            view.endIndex - bodyStart >= length
        else { return nil }
        self.status = status
        body = Array(view[bodyStart..<bodyStart + length])
        buffer.moveReaderIndex(to: bodyStart + length)
    }
}

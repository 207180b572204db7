import FoundationEssentials
import Glibc
import NIOCore
import NIOSSL

/// Calls straight to a sandbox, each as soon as a limiter lets it leave. Belongs to one event loop.
final class LimitedLoad {
    struct Unusable: Error, CustomStringConvertible {
        let description = "the sandbox's address or key cannot be used"
    }

    /// More than any of the limiters has under way: a whole second's calls and those of a slow round trip.
    private static let connections = 150

    private var limiter: any CallLimiter
    private var idle: [CallConnection]
    /// Up to the number that is another one in each call.
    private let uri: String
    private let body: ByteBuffer
    private let eventLoop: any EventLoop
    private var isOver = false
    private(set) var answered = 0
    private(set) var lost = 0

    /// Connects to `sandbox`; returns when all connections are there and the first calls leave.
    static func start(
        _ limiter: any CallLimiter, at sandbox: Sandbox.Ready, on eventLoop: any EventLoop
    ) async throws -> NIOLoopBound<LimitedLoad> {
        guard let port = sandbox.url.split(separator: ":").last.flatMap({ Int($0) }) else { throw Unusable() }
        let uri = try SignedPath.make(sandbox)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(sandbox.caFile)
        let tls = try NIOSSLContext(configuration: configuration)
        var connections: [NIOLoopBound<CallConnection>] = []
        for _ in 0..<Self.connections {
            connections.append(try await CallConnection.connect(port: port, tls: tls, on: eventLoop).get())
        }
        return try await eventLoop.submit { [connections] in
            let load = LimitedLoad(limiter, connections.map(\.value), uri: uri, eventLoop)
            load.makeCalls()
            return NIOLoopBound(load, eventLoop: eventLoop)
        }.get()
    }

    private init(
        _ limiter: any CallLimiter, _ connections: [CallConnection], uri: String, _ eventLoop: any EventLoop
    ) {
        self.limiter = limiter
        idle = connections
        self.uri = uri
        self.eventLoop = eventLoop
        let accounts = (0..<100).map { "\"account-\($0)\"" }
        body = ByteBuffer(string: #"{"To_Account":[\#(accounts.joined(separator: ","))]}"#)
    }

    /// Ends all connections.
    func end() {
        isOver = true
        for connection in idle { connection.close() }
    }

    private func makeCalls() {
        let now = NIODeadline.now()
        let start = limiter.earliestStart(now: now)
        guard !isOver, start <= now else { return wait(until: start) }
        // None idle: the next one that becomes so goes on.
        guard let connection = idle.popLast() else { return wait(until: now + .milliseconds(1)) }
        limiter.take(now: now)
        connection.call(uri: "\(uri)\(UInt32.random(in: .min ... .max))", body: body) { [self] isAnswered in
            if isAnswered { answered += 1 } else { lost += 1 }
            if isOver { connection.close() } else if isAnswered { idle.append(connection) }
        }
        makeCalls()
    }

    private func wait(until time: NIODeadline) {
        guard !isOver else { return }
        eventLoop.assumeIsolated().scheduleTask(deadline: time) { [self] in makeCalls() }
    }
}

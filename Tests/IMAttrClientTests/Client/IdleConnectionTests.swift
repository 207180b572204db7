import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import IMAttrClient

/// What comes by a connection while nobody waits for an answer.
@Suite(.timeLimit(.minutes(15)))
struct IdleConnectionTests {
    /// A daemon that is played by hand.
    private struct Listener {
        let folder: String
        let descriptor: CInt
        var path: String { folder + "/sock" }

        init() throws {
            folder = try FakeDaemon.temporaryFolder()
            descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let size = socklen_t(MemoryLayout<sockaddr_un>.size)
            let bound = withUnsafePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
            }
            try #require(bound == 0 && listen(descriptor, 8) == 0)
        }

        /// The next connection. Waits on a thread of its own: there may be no other than this one to run the client's tasks.
        func accept() async throws -> CInt {
            let descriptor = descriptor
            return try await NIOThreadPool.singleton.runIfActive { Glibc.accept(descriptor, nil, nil) }
        }

        func end() {
            close(descriptor)
            unlink(path)
            rmdir(folder)
        }
    }

    private func say(_ text: String, on connection: CInt) { #expect(write(connection, text, text.utf8.count) > 0) }

    private func answerPing(on connection: CInt) throws {
        var line = [UInt8](repeating: 0, count: 1000)
        let count = read(connection, &line, line.count)
        try #require(count > 0, "no request came")
        let id = FakeDaemon.id(String(decoding: line.prefix(count), as: UTF8.self))
        say("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\"pong\"}\n", on: connection)
    }

    @Test func anErrorThatCameBeforeIsNoAnswerToTheNextCall() async throws {
        let listener = try Listener()
        defer { listener.end() }
        try await IMAttrClient.withClient(socketPath: listener.path) { client in
            async let first: Void = client.ping()
            let connection = try await listener.accept()
            defer { close(connection) }
            try answerPing(on: connection)
            try await first

            // The client hears nothing until the error has come and the next call is made.
            let gate = DispatchSemaphore(value: 0)
            await withCheckedContinuation { standsStill in
                client.eventLoop.execute {
                    standsStill.resume()
                    gate.wait()
                }
            }
            say(
                "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"Invalid Request\"}}\n",
                on: connection)
            let (results, continuation) = AsyncStream.makeStream(of: Result<Reply, IMAttrError>.self)
            let request = try Request("ping", params: nil, timeout: .seconds(30))
            client.start(client.newCall(), request) { continuation.yield($0) }
            gate.signal()

            let next = try await listener.accept()
            defer { close(next) }
            try answerPing(on: next)
            var iterator = results.makeAsyncIterator()
            let result = try #require(await iterator.next())
            _ = try result.get()
        }
    }
}

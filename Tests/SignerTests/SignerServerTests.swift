import Foundation
import Glibc
import Logging
import Testing
import UserSig

@testable import Signer

/// The signer on a real socket, in a thread of its own.
@Suite("The signer on a socket") struct SignerServerTests {
    private static let request = #"{"jsonrpc":"2.0","id":1,"method":"sign"}"# + "\n"

    /// A signer that serves until the process ends.
    private static func start() throws -> sockaddr_un {
        let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // A name of the kernel's choice, in no file system.
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bound = withAddress(&address) { bind(listener, $0, socklen_t(MemoryLayout<sa_family_t>.size)) }
        try #require(bound == 0 && listen(listener, 64) == 0)
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        try #require(withAddress(&address) { getsockname(listener, $0, &length) } == 0)
        let credential = SignerServer.Credential(
            sdkAppID: 1_400_000_001, key: SecretKey("a made-up key"), admin: "admin", lifetime: 900)
        Thread.detachNewThread {
            var server = SignerServer(
                on: listener, .success(credential), logger: Logger(label: "signer") { _ in SwiftLogNoOpLogHandler() })
            _ = server.run()
        }
        return address
    }

    private static func withAddress<Result>(
        _ address: inout sockaddr_un, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }

    /// A client. All its reads end after 10 s.
    private struct Client {
        let socket: CInt

        init(_ address: sockaddr_un) throws {
            var address = address
            socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var patience = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            // The kernel's names have five characters.
            let length = socklen_t(MemoryLayout<sa_family_t>.size + 6)
            try #require(withAddress(&address) { connect(socket, $0, length) } == 0)
        }

        func send(_ text: String) { _ = Glibc.send(socket, text, text.utf8.count, CInt(MSG_NOSIGNAL)) }

        /// What comes until a number of lines or the end.
        func read(lines: Int) -> String {
            var text: [UInt8] = []
            var bytes = [UInt8](repeating: 0, count: 4096)
            while text.count(where: { $0 == 0x0A }) < lines {
                let count = recv(socket, &bytes, bytes.count, 0)
                if count <= 0 { break }
                text += bytes[..<count]
            }
            return String(decoding: text, as: UTF8.self)
        }

        func close() { _ = Glibc.close(socket) }
    }

    @Test func manyLinesAtOnceAreAnsweredInOrderWithOneUserSig() throws {
        let client = try Client(Self.start())
        defer { client.close() }
        client.send(String(repeating: Self.request, count: 1000))
        let answers = client.read(lines: 1000).split(separator: "\n")
        #expect(answers.count == 1000)
        #expect(Set(answers).count == 1)
        #expect(answers.first?.contains(#""expiresAt":"#) == true)
    }

    @Test func aFifthConnectionClosesTheOldest() throws {
        let address = try Self.start()
        let clients = try (0..<5).map { _ in
            let client = try Client(address)
            client.send(Self.request)
            #expect(client.read(lines: 1).contains("userSig"))
            return client
        }
        defer { for client in clients { client.close() } }
        let last = clients[0].read(lines: 2)
        #expect(last.contains("-32000"))
        #expect(last.contains("userSig") == false)
        for client in clients.dropFirst() {
            client.send(Self.request)
            #expect(client.read(lines: 1).contains("userSig"))
        }
    }

    @Test func longLineIsAnsweredAndClosed() throws {
        let client = try Client(Self.start())
        defer { client.close() }
        client.send(String(repeating: "x", count: 5000))
        #expect(client.read(lines: 2).contains("-32600"))
    }
}

import Glibc
import Synchronization
import Testing

@testable import IMAttrClient

@Suite(.timeLimit(.minutes(15)))
struct ConnectionTests {
    @Test func asksAndIsAnswered() async throws {
        try await FakeDaemon.run({
            { line in
                let sex = "{\"sex\":\"M\", \"n\":1.50}"
                let entry = "{\"To_Account\":\"Chen Xiaoming\",\"Attrs\":\(sex)}"
                return [FakeDaemon.answer(line, "{\"UserAttrs\":[\(entry)],\"missing\":[\"é\"],\"new\":1}")]
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let result = try await client.getAttrs(["Chen Xiaoming", "é"], timeout: .seconds(5), maxAge: .zero)
                #expect(result.userAttrs.map(\.account) == ["Chen Xiaoming"])
                #expect(result.userAttrs.first?.attrs.json == Array("{\"sex\":\"M\", \"n\":1.50}".utf8))
                #expect(result.missing == ["é"])
            }
            var lines = daemon.received.makeAsyncIterator()
            let line = try #require(await lines.next())
            let digits = line.split(separator: "\"timeoutMs\":").last?.prefix { $0.isNumber }
            let timeLeft = try #require(digits.flatMap { Int($0) })
            #expect(1...5000 ~= timeLeft)
            let params = "{\"To_Account\":[\"Chen Xiaoming\",\"é\"],\"timeoutMs\":\(timeLeft),\"maxAgeMs\":0}"
            #expect(line == "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getAttrs\",\"params\":\(params)}")
        }
    }

    @Test func answersAreMatchedByIDWhateverTheirOrder() async throws {
        try await FakeDaemon.run({
            var waiting: [String] = []
            return { line in
                waiting.append(line)
                guard waiting.count == 3 else { return [] }
                return waiting.reversed().map { FakeDaemon.answer($0, "\"\(FakeDaemon.accounts($0).joined())\"") }
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let answers = try await withThrowingTaskGroup(of: (String, String).self) { group in
                    for name in ["a", "b", "c"] {
                        group.addTask {
                            let params = Array("{\"To_Account\":[\"\(name)\"]}".utf8)
                            return (name, String(decoding: try await client.call("x", params: params), as: UTF8.self))
                        }
                    }
                    return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                #expect(answers == ["a": "\"a\"", "b": "\"b\"", "c": "\"c\""])
            }
        }
    }

    @Test func linesMayComeInPiecesAndEmpty() async throws {
        try await FakeDaemon.run({
            { _ in [.send(" \r\n{\"jsonrpc\":\"2.0\","), .send("\"id\":1,\"result\":\"po"), .send("ng\"}\r\n")] }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { try await $0.ping() }
        }
    }

    @Test func anAnswerMayBeLarge() async throws {
        let size = 8 << 20
        try await FakeDaemon.run({
            { line in [FakeDaemon.answer(line, "\"" + String(repeating: "x", count: size) + "\"")] }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let result = try await client.call("big")
                #expect(result.count == size + 2)
            }
        }
    }

    @Test func anAnswerOverTheLimitEndsTheConnection() async throws {
        try await FakeDaemon.run({
            { line in [FakeDaemon.answer(line, "\"" + String(repeating: "x", count: 1000) + "\"")] }
        }) { daemon in
            await IMAttrClient.withClient(socketPath: daemon.path, maximumAnswerBytes: 1000) { client in
                let expected = IMAttrError.protocol("an answer of more than 1000 bytes")
                await #expect(throws: expected) { try await client.ping() }
                await #expect(throws: expected) { try await client.ping() }
            }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "[]\n", "{}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1}\n",
        "{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":1}\n", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"ping\"}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"1\",\"message\":\"\"}}\n", "\u{0}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":1}\n",
    ])
    func whatIsNoAnswerIsTold(line: String) async throws {
        try await FakeDaemon.run({ { _ in [.send(line)] } }) { daemon in
            await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let error = await #expect(throws: IMAttrError.self) { try await client.ping() }
                guard case .protocol = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test func anErrorForTheConnectionFailsWhatIsNotAnsweredAndTheNextCallConnectsAgain() async throws {
        let text = "{\"code\":-32000,\"message\":\"full\",\"data\":{\"retryable\":true}}"
        let isFull = Atomic<Bool>(true)
        try await FakeDaemon.run({
            { line in
                guard isFull.exchange(false, ordering: .relaxed) else { return [FakeDaemon.answer(line, "\"pong\"")] }
                return [.send("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":\(text)}\n"), .close]
            }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let expected = IMAttrError.refused(ErrorObject(code: -32000, message: "full", retryable: true))
                await #expect(throws: expected) { try await client.ping() }
                try await client.ping()
            }
        }
    }

    @Test func cancellingATaskWithdrawsItsCallOnly() async throws {
        try await FakeDaemon.run({
            { line in line.contains("ping") ? [FakeDaemon.answer(line, "\"pong\"")] : [] }
        }) { daemon in
            try await IMAttrClient.withClient(socketPath: daemon.path) { client in
                var lines = daemon.received.makeAsyncIterator()
                let call = Task { try await client.getStatus() }
                _ = await lines.next()
                call.cancel()
                await #expect(throws: IMAttrError.cancelled) { try await call.value }
                let notification = "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}"
                #expect(await lines.next() == notification)
                try await client.ping()
            }
        }
    }

    @Test func aTaskThatIsCancelledAlreadyDoesNotWait() async throws {
        try await FakeDaemon.run({ { _ in [] } }) { daemon in
            await IMAttrClient.withClient(socketPath: daemon.path) { client in
                let call = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await client.getStatus()
                }
                await #expect(throws: IMAttrError.cancelled) { try await call.value }
            }
        }
    }

    @Test func noSocketOrNobodyBehindItIsTold() async throws {
        let folder = try FakeDaemon.temporaryFolder()
        defer { rmdir(folder) }
        let path = folder + "/sock"
        await #expect(throws: IMAttrError.unreachable(path: path, errno: ENOENT)) {
            try await IMAttrClient(socketPath: path).ping()
        }
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        defer { unlink(path) }
        await #expect(throws: IMAttrError.unreachable(path: path, errno: ECONNREFUSED)) {
            try await IMAttrClient(socketPath: path).ping()
        }
        let long = "/" + String(repeating: "x", count: 107)
        await #expect(throws: IMAttrError.unreachable(path: long, errno: ENAMETOOLONG)) {
            try await IMAttrClient(socketPath: long).ping()
        }
    }

    @Test func nothingIsConnectedBeforeTheFirstCall() async throws {
        let connections = Atomic<Int>(0)
        try await FakeDaemon.run({
            connections.add(1, ordering: .relaxed)
            return { line in [FakeDaemon.answer(line, "\"pong\"")] }
        }) { daemon in
            let client = IMAttrClient(socketPath: daemon.path)
            #expect(try await client.getAttrs([]) == GetAttrsResult())
            await #expect(throws: IMAttrError.self) { try await client.getAttrs([""]) }
            #expect(connections.load(ordering: .relaxed) == 0)
            try await client.ping()
            #expect(connections.load(ordering: .relaxed) == 1)
            await client.close()
        }
    }

    @Test func theSocketIsNotInherited() throws {
        let folder = try FakeDaemon.temporaryFolder()
        defer { rmdir(folder) }
        let path = folder + "/sock"
        let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        try #require(bind(listener, path) && listen(listener, 1) == 0)
        defer { unlink(path) }
        let descriptor = try UnixSocket.connect(to: path)
        defer { close(descriptor) }
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
    }

    private func bind(_ descriptor: CInt, _ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    @Test func closingEndsWhatWaitsAndWhatComesLater() async throws {
        try await FakeDaemon.run({ { _ in [] } }) { daemon in
            let client = IMAttrClient(socketPath: daemon.path)
            var lines = daemon.received.makeAsyncIterator()
            let call = Task { try await client.getStatus() }
            _ = await lines.next()
            await client.close()
            await #expect(throws: IMAttrError.cancelled) { try await call.value }
            await #expect(throws: IMAttrError.cancelled) { try await client.ping() }
            await client.close()
        }
    }

    @Test func theEnvironmentNamesTheSocket() {
        #expect(IMAttrSocket.defaultPath { $0 == "IMATTRD_SOCKET" ? "/x" : nil } == "/x")
        #expect(IMAttrSocket.defaultPath { _ in "" } == "/run/imattrd/imattrd.sock")
        #expect(IMAttrSocket.defaultPath { _ in nil } == "/run/imattrd/imattrd.sock")
    }
}

import Glibc

/// The other end of a connection: bytes out, lines in, each wait bounded.
final class Client {
    struct TimedOut: Error {}

    private var descriptor: CInt
    private var received: [UInt8] = []

    /// - Parameter uid: The user as whom the server of a test takes it; nil for the user of this process.
    init(_ path: String, uid: UInt32? = nil) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemFailure("socket") }
        if let uid { try SimulatedUser.name(descriptor, uid) }
        try connect(to: path)
    }

    private init() throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemFailure("socket") }
    }

    /// A client that has its descriptor, but no connection yet.
    static func unconnected() throws -> Client { try Client() }

    func connect(to path: String) throws {
        guard Self.connect(descriptor, path) == 0 else { throw SystemFailure("connect") }
    }

    deinit { close() }

    static func connect(_ descriptor: CInt, _ path: String) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    // MARK: Sending

    /// Sends all bytes, waiting for room as often as needed.
    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = sendWhatFits(rest)
            if count < 0 { throw SystemFailure("send") }
            rest = rest.dropFirst(count)
            if count == 0 { try wait(for: POLLOUT) }
        }
    }

    /// Sends as many bytes as the kernel takes at once.
    /// - Returns: How many; -1 if the other end is closed.
    func sendWhatFits(_ bytes: ArraySlice<UInt8>) -> Int {
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
        return count < 0 && errno == EAGAIN ? 0 : count
    }

    func halfClose() { shutdown(descriptor, CInt(SHUT_WR)) }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    // MARK: Receiving

    /// The next line; nil when the other end has closed.
    func line() throws -> String? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                return line
            }
            guard try receive() else { return nil }
        }
    }

    /// All lines until the other end closes.
    func linesToTheEnd() throws -> [String] {
        while try receive() {}
        let lines = received.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        received = []
        return lines.dropLast().map { String(decoding: $0, as: UTF8.self) }
    }

    /// This many lines.
    func lines(_ count: Int) throws -> [String] {
        var ends = received.count { $0 == UInt8(ascii: "\n") }
        while ends < count {
            let before = received.count
            guard try receive() else { break }
            ends += received[before...].count { $0 == UInt8(ascii: "\n") }
        }
        let lines = received.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let taken = lines.prefix(min(count, ends))
        received.removeFirst(taken.reduce(0) { $0 + $1.count + 1 })
        return taken.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Takes what is there; false at the end. An end with unread bytes of ours (a reset) is an end too.
    private func receive() throws -> Bool {
        try wait(for: POLLIN)
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count < 0, errno != ECONNRESET { throw SystemFailure("recv") }
        received += bytes.prefix(max(0, count))
        return count > 0
    }

    /// Tells how many bytes have come and were not taken, on any thread, as long as the client is there.
    var look: @Sendable () -> Int {
        { [descriptor] in
            var count: CInt = 0
            return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : -1
        }
    }

    /// Takes what is there without waiting.
    func receiveWhatIsThere() {
        var bytes = [UInt8](repeating: 0, count: 65536)
        _ = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
    }

    private func wait(for events: CInt) throws {
        var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let result = Glibc.poll(&poll, 1, 300_000)
        if result == 0 { throw TimedOut() }
        if result < 0 { throw SystemFailure("poll") }
    }
}

import Glibc
import Logging
import UserSig

/// The signer's process: holds the key, listens on one Unix socket, and answers ``SignRequest`` lines. One thread, which waits for
/// all connections together.
///
/// What is unsafe here are calls of C functions, each with pointers to values that live until it returns.
public struct SignerServer {
    /// What UserSigs are made for, and with.
    public struct Credential: Sendable {
        fileprivate let content: SigningDesk.Credential

        /// - Parameters:
        ///   - admin: The only name that is ever signed for.
        ///   - lifetime: Seconds that a UserSig is valid.
        public init(sdkAppID: UInt64, key: SecretKey, admin: String, lifetime: Int64) {
            content = SigningDesk.Credential(
                signer: UserSigSigner(sdkAppID: sdkAppID, key: key), admin: admin, lifetime: lifetime)
        }
    }

    fileprivate struct Client {
        let socket: CInt
        var exchange = Exchange()
    }

    private let listener: CInt
    private var desk: SigningDesk
    private var table = ConnectionTable<Client>()
    private let logger: Logger

    /// - Parameters:
    ///   - socket: Listens already.
    ///   - credential: Without one, requests are answered with what is wrong.
    public init(on socket: CInt, _ credential: Result<Credential, SignerProblems>, logger: Logger) {
        listener = socket
        desk = SigningDesk(credential.map(\.content))
        self.logger = logger
        setNonBlocking(socket)
    }

    /// Serves until the process ends; returns only if the socket cannot be used, with the `errno`.
    public mutating func run() -> CInt {
        while true {
            var waits = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            for client in table.connections { waits.append(client.wait) }
            guard unsafe poll(&waits, nfds_t(waits.count), -1) >= 0 else {
                if errno == EINTR { continue }
                return errno
            }
            var ready = waits.dropFirst().filter { $0.revents != 0 }.makeIterator()
            while let wait = ready.next() { serve(wait.fd) }
            closeEnded()
            if waits[0].revents != 0, let error = acceptAll() { return error }
        }
    }

    // MARK: Connections

    /// - Returns: The `errno`, if the socket is of no use any more.
    private mutating func acceptAll() -> CInt? {
        while true {
            let socket = accept(listener, nil, nil)
            if socket >= 0 {
                setNonBlocking(socket)
                if let displaced = table.admit(Client(socket: socket)) {
                    logger.warning("a connection was closed for a newer one")
                    _ = displaced.send(SigningDesk.displaced[...])
                    close(displaced.socket)
                }
                continue
            }
            switch errno {
            case EAGAIN: return nil
            case EINTR, ECONNABORTED, EPROTO, EPERM: continue
            // Other programs have taken what there is of descriptors or memory; it comes back.
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                usleep(100_000)
                return nil
            case let error: return error
            }
        }
    }

    private mutating func serve(_ socket: CInt) {
        guard let index = table.connections.firstIndex(where: { $0.socket == socket }) else { return }
        var client = table.connections[index]
        client.read()
        let before = desk.issued
        repeat { client.write() } while client.exchange.answerNext { desk.answer(to: $0, at: .now()) }
        if desk.issued > before { logger.info("a new UserSig was made") }
        table.connections[index] = client
    }

    private mutating func closeEnded() {
        for client in table.connections where client.exchange.isClosed { close(client.socket) }
        table.remove { $0.exchange.isClosed }
    }
}

extension SignerServer.Client {
    fileprivate var wait: pollfd {
        let events = exchange.output.isEmpty ? POLLIN : POLLOUT
        return pollfd(fd: socket, events: Int16(events), revents: 0)
    }

    fileprivate mutating func read() {
        let room = exchange.room
        if room == 0 { return }
        var bytes = [UInt8](repeating: 0, count: room)
        let count = unsafe recv(socket, &bytes, room, 0)
        if count > 0 { return exchange.received(bytes[..<count]) }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        exchange.ended()
    }

    /// Writes as much as the client takes now.
    fileprivate mutating func write() {
        while !exchange.output.isEmpty {
            guard let count = send(exchange.output) else {
                if errno == EAGAIN || errno == EINTR { return }
                return exchange.ended()
            }
            exchange.wrote(count)
        }
    }

    /// - Returns: How many bytes were taken; nil with `errno` if none were.
    fileprivate func send(_ bytes: ArraySlice<UInt8>) -> Int? {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        return count >= 0 ? count : nil
    }
}

extension SigningDesk.Time {
    fileprivate static func now() -> Self {
        var sinceBoot = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &sinceBoot)
        return Self(
            wall: Int64(time(nil)),
            sinceBoot: .seconds(sinceBoot.tv_sec) + .nanoseconds(Int64(sinceBoot.tv_nsec)))
    }
}

private func setNonBlocking(_ socket: CInt) {
    // Nothing is ever executed, so that it matters little whether a descriptor would be passed on.
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    let flags = fcntl(socket, F_GETFL)
    if flags >= 0 { _ = fcntl(socket, F_SETFL, flags | O_NONBLOCK) }
}

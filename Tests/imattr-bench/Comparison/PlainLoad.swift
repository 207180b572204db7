import Glibc

/// Asks a server the same questions again and again over plain sockets: as little as can be of what is measured is the load's.
struct PlainLoad: Sendable {
    /// One connection for each.
    let requests: [[UInt8]]
    /// How many are under way on each connection.
    let depth: Int

    /// - Parameter requests: With 1 for an id, if they are JSON-RPC.
    init(_ requests: [String], depth: Int = 1) {
        self.requests = requests.map { Array($0.utf8) }
        self.depth = depth
    }

    struct Broken: Error, CustomStringConvertible {
        var description: String
    }

    /// Connects to a server. What is returned is to be used on one thread, which it blocks.
    func connect(to server: any Contestant) throws -> Connected {
        Connected(try requests.map { try Asker($0, server: server) }, depth: depth)
    }

    /// The connections of a load.
    final class Connected {
        private let askers: [Asker]
        private let depth: Int

        fileprivate init(_ askers: [Asker], depth: Int) {
            self.askers = askers
            self.depth = depth
        }

        /// Asks until there are `count` answers; tells how long each was waited for, if there is one under way on each
        /// connection, else nothing.
        func ask(_ count: Int) throws -> [Duration] {
            var left = count
            for asker in askers { asker.ask(take(depth, from: &left)) }
            var waits: [Duration] = []
            var polled = askers.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            while askers.contains(where: { $0.underWay > 0 }) {
                guard poll(&polled, nfds_t(polled.count), 20_000) > 0 else {
                    throw Broken(description: "no answer in 20 s")
                }
                for (asker, polled) in zip(askers, polled) where polled.revents != 0 {
                    let answered = try asker.read()
                    if depth == 1, answered == 1 { waits.append(asker.wait) }
                    asker.ask(take(answered, from: &left))
                }
            }
            return waits
        }

        private func take(_ wanted: Int, from left: inout Int) -> Int {
            let taken = min(wanted, left)
            left -= taken
            return taken
        }
    }

    /// One connection.
    fileprivate final class Asker {
        let descriptor: Int32
        private(set) var underWay = 0
        private let request: [UInt8]
        private let server: any Contestant
        private var askedAt = ContinuousClock.now
        private var buffer = [UInt8](repeating: 0, count: 1 << 17)
        private var filled = 0

        init(_ request: [UInt8], server: any Contestant) throws {
            guard let descriptor = UnixSocket.connect(to: server.socketPath) else {
                throw Broken(description: "\(server.socketPath): \(String(cString: strerror(errno)))")
            }
            self.descriptor = descriptor
            self.request = request
            self.server = server
        }

        deinit { close(descriptor) }

        var wait: Duration { .now - askedAt }

        func ask(_ times: Int) {
            guard times > 0 else { return }
            underWay += times
            let bytes = times == 1 ? request : Array(repeatElement(request, count: times).joined())
            askedAt = .now
            // What is not written is not answered, and that is noticed.
            _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        /// Reads once, and returns how many answers are complete by that.
        func read() throws -> Int {
            let count = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, 0)
            }
            guard count > 0 else { throw Broken(description: "\(server.socketPath): closed the connection") }
            filled += count
            var answers = 0
            var start = 0
            try buffer.withUnsafeBytes { bytes in
                while case let rest = UnsafeRawBufferPointer(rebasing: bytes[start..<filled]),
                    let length = server.wire.answerLength(rest)
                {
                    guard server.wire.isRight(rest) else {
                        throw Broken(
                            description: "not a right answer: \(String(decoding: rest.prefix(200), as: UTF8.self))")
                    }
                    start += length
                    answers += 1
                }
            }
            buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress, start > 0 else { return }
                memmove(base, base + start, filled - start)
            }
            filled -= start
            underWay -= answers
            return answers
        }
    }
}

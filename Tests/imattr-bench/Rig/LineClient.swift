import Glibc

/// A blocking connection for a few lines.
final class LineClient: Sendable {
    struct Closed: Error, CustomStringConvertible {
        var description: String { "the connection was closed instead of an answer" }
    }

    private let descriptor: Int32

    /// - Parameter patience: How long an answer may take, in whole seconds; without one, for ever.
    init(_ path: String, patience: Int? = nil) throws {
        guard let descriptor = UnixSocket.connect(to: path) else { throw File.Failure(path: path, code: errno) }
        self.descriptor = descriptor
        if let patience {
            var time = timeval(tv_sec: patience, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit { close(descriptor) }

    func send(_ line: String) throws {
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a line, and returns the next one that comes.
    func ask(_ line: String) throws -> String {
        try send(line)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while answer.last != UInt8(ascii: "\n") {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw Closed() }
            answer += buffer.prefix(count)
        }
        return String(decoding: answer, as: UTF8.self)
    }
}

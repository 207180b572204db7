import FoundationEssentials
import Glibc

/// A connection to a Unix socket that carries a line each way.
struct LineSocket: ~Copyable {
    /// What went wrong with the connection, for a person.
    enum Failure: Error {
        case connect(code: Int32)
        case write(code: Int32)
        case read(code: Int32)
        case ended
        case timedOut
    }

    /// How long an answer may take: as long as a daemon's longest default.
    private static let patience = Duration.seconds(35)

    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let status = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw Failure.connect(code: errno) }
    }

    deinit { close(descriptor) }

    /// Sends `line`, and returns the next line that comes, without its end. A cancelled task stops waiting.
    borrowing func exchange(_ line: String) throws -> String {
        let bytes = Array((line + "\n").utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure.write(code: errno)
        }
        var received: [UInt8] = []
        let deadline = ContinuousClock.now + Self.patience
        while received.last != UInt8(ascii: "\n") {
            try Task.checkCancellation()
            guard ContinuousClock.now < deadline else { throw Failure.timedOut }
            received += try nextBytes()
        }
        return String(decoding: received.dropLast(), as: UTF8.self)
    }

    /// The bytes that are there within a tenth of a second, perhaps none.
    private borrowing func nextBytes() throws -> ArraySlice<UInt8> {
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&event, 1, 100) > 0 else { return [] }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Failure.read(code: errno) }
        guard count > 0 else { throw Failure.ended }
        return buffer.prefix(count)
    }
}

/// As much of an answer as the demo has to know.
struct JSONRPCAnswer {
    /// Whether it is a result, and not an error or anything else.
    let isResult: Bool

    init(_ line: String) {
        let fields = try? JSONDecoder().decode(Fields.self, from: Data(line.utf8))
        isResult = fields?.result != nil
    }

    private struct Fields: Decodable {
        var result: AnyValue?
    }

    /// A result of any shape.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }
}

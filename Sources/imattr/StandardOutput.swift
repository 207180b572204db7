import Glibc

/// Something could not be written to.
struct OutputError: Error {
    let name: String
    let errno: CInt

    init(_ name: String = "standard output", errno: CInt) {
        self.name = name
        self.errno = errno
    }
}

/// Data for standard output, or for a file, written in large pieces. On a terminal everything that could act on it is escaped.
///
/// Writing blocks: while the reader does not read there is nothing else to do, and the connection has its own thread.
struct StandardOutput {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    private static let pieceSize = 64 << 10
    private let descriptor: CInt
    private let name: String
    private let escapes: Bool
    private var buffer: [UInt8] = []

    /// For standard output.
    init() { (descriptor, name, escapes) = (STDOUT_FILENO, "standard output", Self.isTerminal) }

    /// For a file that is open.
    init(descriptor: CInt, name: String) { (self.descriptor, self.name, escapes) = (descriptor, name, false) }

    /// Adds JSON text, which has no line ends in it.
    mutating func write(_ json: [UInt8]) throws(OutputError) {
        if escapes {
            buffer.append(contentsOf: TerminalText.escape(String(decoding: json, as: UTF8.self)).utf8)
        } else {
            buffer.append(contentsOf: json)
        }
        if buffer.count >= Self.pieceSize { try flush() }
    }

    /// Adds a line of text, in which all that came from elsewhere has been escaped.
    mutating func write(line: String) throws(OutputError) {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.pieceSize { try flush() }
    }

    /// Writes what is left.
    mutating func flush() throws(OutputError) {
        defer { buffer.removeAll(keepingCapacity: true) }
        try FileDescriptor.write(buffer, to: descriptor, name: name)
    }
}

/// Messages for a person, never data.
enum StandardError {
    /// Writes one paragraph, made harmless, with the program's name. That nobody reads it is no failure.
    static func write(_ text: String) {
        write(raw: "imattr: \(TerminalText.escape(text))\n")
    }

    /// Writes text as it is.
    static func write(raw text: String) {
        try? FileDescriptor.write(Array(text.utf8), to: STDERR_FILENO, name: "standard error")
    }
}

/// Blocking writes.
enum FileDescriptor {
    static func write(_ bytes: [UInt8], to descriptor: CInt, name: String) throws(OutputError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { SystemCall.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EPIPE {
                if descriptor == STDERR_FILENO { return }
                Signals.endByBrokenPipe()
                throw OutputError(name, errno: EPIPE)
            } else if errno == EAGAIN {
                // Somebody made the terminal non-blocking.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw OutputError(name, errno: errno)
            }
        }
    }
}

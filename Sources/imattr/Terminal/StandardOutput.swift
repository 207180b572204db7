import Glibc
import Synchronization

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
    private var printer: JSONPrinter?
    private var buffer: [UInt8] = []

    /// For standard output.
    ///
    /// - Parameter indentsJSON: Whether JSON is spread over lines on a terminal.
    init(indentsJSON: Bool = false) {
        (descriptor, name, escapes) = (STDOUT_FILENO, "standard output", Self.isTerminal)
        if indentsJSON, escapes { printer = JSONPrinter(style: Style(isTerminal: true)) }
    }

    /// For a file that is open.
    init(descriptor: CInt, name: String) { (self.descriptor, self.name, escapes) = (descriptor, name, false) }

    /// Adds JSON text, which has no line ends in it.
    mutating func write(_ json: [UInt8]) throws(OutputError) {
        if escapes {
            let text = TerminalText.escape(String(decoding: json, as: UTF8.self))
            buffer.append(contentsOf: printer?.print(text.utf8) ?? Array(text.utf8))
        } else {
            buffer.append(contentsOf: json)
        }
        if buffer.count >= Self.pieceSize { try flush() }
    }

    /// Adds a whole JSON text.
    mutating func write(json: [UInt8]) throws(OutputError) {
        try write(json)
        try write(line: "")
    }

    /// Adds a line of cells, each of which may hold anything.
    mutating func write(cells: [[UInt8]], separator: UInt8) throws(OutputError) {
        for (index, cell) in cells.enumerated() {
            // The separator is ours, so it may act on a terminal: a tab does.
            if index > 0 { buffer.append(separator) }
            try write(cell)
        }
        try write(line: "")
    }

    /// Adds a line of text, in which all that came from elsewhere has been escaped.
    mutating func write(line: String) throws(OutputError) {
        if let end = printer?.end() { buffer.append(contentsOf: end) }
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
    /// Writes one paragraph, made harmless, with the program's name. It is no failure if it is not read.
    static func write(_ text: String) {
        clearLine()
        write(raw: "imattr: \(TerminalText.escape(text))\n")
    }

    /// Shows a line that stays until the next one, or until ``clearLine()``.
    static func show(line: String) {
        write(raw: "\r\(line)\u{1B}[K")
        hasLine.withLock { $0 = true }
    }

    /// Takes away the line that was shown, if any. To be called before the program ends, however it does.
    static func clearLine() {
        let had = hasLine.withLock { hasLine in
            defer { hasLine = false }
            return hasLine
        }
        if had { write(raw: "\r\u{1B}[K") }
    }

    /// The columns of the terminal that shows it; nil if it is none, or does not know.
    static var columns: Int? { Terminal.columns(STDERR_FILENO) }

    private static let hasLine = Mutex(false)

    private static func write(raw text: String) {
        try? FileDescriptor.write(Array(text.utf8), to: STDERR_FILENO, name: "standard error")
    }
}

/// A terminal behind a descriptor.
enum Terminal {
    /// Its columns; nil if it is none, or does not know.
    static func columns(_ descriptor: CInt) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
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
                StandardError.clearLine()
                Signals.endByBrokenPipe()
                throw OutputError(name, errno: EPIPE)
            } else if errno == EAGAIN {
                // Another program made the terminal non-blocking.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw OutputError(name, errno: errno)
            }
        }
    }
}

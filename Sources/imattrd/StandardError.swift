import Glibc

/// Lines for the person who has started the program.
enum StandardError {
    /// Writes `imattrd: ` and a line.
    static func say(_ line: String) {
        let text = Array("imattrd: \(line)\n".utf8)
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

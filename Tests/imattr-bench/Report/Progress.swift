import Glibc

/// Tells somebody at a terminal what is being measured, since the numbers are minutes away.
enum Progress {
    static func say(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let bytes = Array("… \(text)\n".utf8)
        // Nobody depends on it.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

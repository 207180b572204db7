import Glibc

/// How the program ends by signals.
enum Signals {
    /// Ends at once with the status for Ctrl-C, without a word, unless the caller of the program had it ignore Ctrl-C.
    static func endAtInterrupt() {
        let previous = signal(SIGINT) { _ in _exit(ExitStatus.interrupted.rawValue) }
        // A handler is a C function pointer; SIG_IGN is the number 1 in its place.
        if unsafeBitCast(previous, to: Int.self) == 1 { signal(SIGINT, SIG_IGN) }
    }

    /// Ends as a program does whose reader has gone. The signal itself is ignored process-wide by the networking
    /// library, so it is set back and raised.
    static func endByBrokenPipe() {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
    }
}

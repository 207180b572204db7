import Glibc

/// Calls of the C library whose names would collide with ours, and its words for its error numbers.
enum SystemCall {
    static func read(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        Glibc.read(descriptor, bytes, count)
    }

    static func write(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        Glibc.write(descriptor, bytes, count)
    }

    static func text(of errno: CInt) -> String {
        guard let text = strerror(errno) else { return "error \(errno)" }
        return String(cString: text)
    }
}

/// How the program ends by signals.
enum Signals {
    /// Ends at once with the status for Ctrl-C, without a word, unless the caller of the program had it ignore Ctrl-C.
    static func endAtInterrupt() {
        handle(SIGINT) { _ in _exit(ExitStatus.interrupted.rawValue) }
    }

    /// Sets what a signal does, unless the caller of the program had it ignored, as nohup(1) does.
    /// - Returns: Whether it is set.
    @discardableResult
    static func handle(_ number: CInt, by handler: @escaping sighandler_t) -> Bool {
        let previous = signal(number, handler)
        // SIG_IGN is the number 1 in the place of a C function pointer, which Swift compares in no other way.
        guard unsafeBitCast(previous, to: Int.self) == 1 else { return true }
        signal(number, SIG_IGN)
        return false
    }

    /// Ends as a program does whose reader has gone. The signal itself is ignored process-wide by the networking
    /// library, so it is set back and raised.
    static func endByBrokenPipe() {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
    }
}

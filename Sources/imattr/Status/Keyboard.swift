import Dispatch
import Glibc

/// The keys of a terminal, each as it is pressed and without an echo, until the program ends.
///
/// The terminal is set back however the program ends, unless it is killed.
final class Keyboard: Sendable {
    private let previous: termios

    /// Nil if standard input is not a terminal, or not ours at present: a program in the background must not touch it.
    init?() {
        var settings = termios()
        guard tcgetpgrp(STDIN_FILENO) == getpgrp(), tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        previous = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
    }

    /// Ends the program when `q` is pressed, with 0, or by a signal, with 128 and its number.
    func endAtQ() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // Not as a handler, which could not set the terminal back safely.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler holds its source, so that it watches as long as the program runs.
            source.setEventHandler { withExtendedLifetime(source) { () -> Void in self.end(128 + number) } }
            source.activate()
        }
        let keys = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
        keys.setEventHandler {
            withExtendedLifetime(keys) { () -> Void in
                var key: UInt8 = 0
                let count = SystemCall.read(STDIN_FILENO, &key, 1)
                if count == 1, key == UInt8(ascii: "q") || key == UInt8(ascii: "Q") { self.end(0) }
                // A terminal that has gone away would be ready to read for ever.
                if count == 0 { self.end(0) }
            }
        }
        keys.activate()
    }

    private func end(_ status: CInt) -> Never {
        var previous = previous
        tcsetattr(STDIN_FILENO, TCSANOW, &previous)
        _exit(status)
    }
}

import Dispatch
import Glibc
import Synchronization

/// Ends a command in good order when it is asked to end: SIGINT (Ctrl-C), SIGTERM, SIGHUP.
///
/// The first one cancels the work; what it has got is then written to its end. A second one, or ten seconds in which it does not get to its
/// end (its output is not read, say), ends the program at once.
final class Interruption: Sendable {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    private static let patience: DispatchTimeInterval = .seconds(10)

    private let met = Mutex<CInt?>(nil)

    /// The signal that has come.
    var signal: CInt? { met.withLock { $0 } }

    /// The exit status for it: 128 and its number, as shells say it.
    var status: CInt? { signal.map { 128 + $0 } }

    /// Watches for signals from now on; those that the program ignores already stay ignored.
    func watch(_ cancel: @escaping @Sendable () -> Void) {
        for number in Self.signals {
            guard Signals.handle(number, by: SIG_IGN) else { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler holds its source, so that it watches as long as the program runs.
            source.setEventHandler { withExtendedLifetime(source) { self.note(number, cancel) } }
            source.activate()
        }
    }

    private func note(_ number: CInt, _ cancel: () -> Void) {
        let isFirst = met.withLock { met in
            defer { met = met ?? number }
            return met == nil
        }
        guard isFirst else { Self.end(number) }
        cancel()
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { Self.end(number) }
    }

    private static func end(_ number: CInt) -> Never {
        StandardError.clearLine()
        _exit(128 + number)
    }
}

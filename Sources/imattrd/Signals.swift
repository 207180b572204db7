import Glibc
import Synchronization

/// The signals that stop the daemon or have it reload. They are blocked in all threads, and the main thread waits for them.
final class Signals: Sendable {
    static let shared = Signals()

    private static let numbers = [SIGTERM, SIGINT, SIGHUP]
    private let listener = Mutex<AsyncStream<CInt>.Continuation?>(nil)

    private init() {}

    /// To be called before any thread is started.
    func block() { change(SIG_BLOCK) }

    /// The signals that come from now on. Until this is called, they do what they do by default.
    func trap() -> AsyncStream<CInt> {
        let (signals, continuation) = AsyncStream.makeStream(of: CInt.self)
        listener.withLock { $0 = continuation }
        return signals
    }

    /// Waits for signals for as long as the process lives.
    func forward() -> Never {
        var set = Self.set
        while true {
            var signal: CInt = 0
            guard sigwait(&set, &signal) == 0 else { continue }
            if listener.withLock({ $0?.yield(signal) }) == nil {
                change(SIG_UNBLOCK)
                raise(signal)
            }
        }
    }

    private func change(_ how: CInt) {
        var set = Self.set
        pthread_sigmask(how, &set, nil)
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }
}

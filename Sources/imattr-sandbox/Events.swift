import Dispatch
import UnixSignals

/// What a running sandbox reacts to, in the order in which it comes.
struct Events: Sendable {
    enum Event: Sendable {
        case signal(UnixSignal)
        /// A line of standard input, without its end.
        case line(String)
    }

    let all: AsyncStream<Event>

    /// Signals, and lines of standard input if `readsLines` says so.
    init(signals: UnixSignalsSequence, readsLines: Bool) {
        let (all, continuation) = AsyncStream<Event>.makeStream()
        self.all = all
        // Ends with the stream. A task of its own, because a sequence has no other way to be one of two.
        let forwarding = Task { for await signal in signals { continuation.yield(.signal(signal)) } }
        continuation.onTermination = { _ in forwarding.cancel() }
        guard readsLines else { return }
        // Reading blocks, so it has a thread of its own; it ends with the input or with the process.
        DispatchQueue.global().async {
            while let line = readLine() { continuation.yield(.line(line)) }
        }
    }
}

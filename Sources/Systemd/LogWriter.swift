import CSystemd
import Glibc
import Logging
import Synchronization

/// Writes the log without having its callers wait: entries go to a thread, with a bound. When they are not taken, those that come
/// are dropped, and their number is logged when it goes on.
///
/// What is unsafe here are calls of C functions, each with pointers to values and texts that live until it returns.
public final class LogWriter: Sendable {
    /// Where entries go.
    public enum Target: Sendable {
        /// The journal, with a field for each value (sd_journal_sendv(3)): `journalctl IMATTRD_UID=1000`, `journalctl MESSAGE_ID=…`.
        /// - Parameters:
        ///   - prefix: What the names of fields begin with, in capital letters.
        ///   - fromCallers: Keys of metadata that callers write, and that `MESSAGE` therefore does not have.
        case journal(prefix: String, fromCallers: Set<String>)
        /// A line on standard error, with the time: plain text, or one JSON object.
        case standardError(isJSON: Bool)
    }

    /// Passes entries to a writer.
    public struct Handler: LogHandler {
        /// What is logged.
        public var logLevel: Logger.Level = .info
        /// What every entry says.
        public var metadata: Logger.Metadata = [:]
        private let writer: LogWriter

        init(_ writer: LogWriter) { self.writer = writer }

        /// One value of the metadata that every entry has.
        public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        /// Takes one entry.
        public func log(event: LogEvent) {
            let all = metadata.isEmpty ? event.metadata ?? [:] : metadata.merging(event.metadata ?? [:]) { $1 }
            writer.append(LogEntry(event.level, "\(event.message)", all))
        }
    }

    private let thread: DeliveryThread<LogReceiver>
    private let dropped = DroppedEntries()

    /// - Parameter target: Where entries go.
    public convenience init(_ target: Target) { self.init(target, descriptor: STDERR_FILENO) }

    /// - Parameter descriptor: Stands for standard error.
    init(_ target: Target, descriptor: CInt) {
        thread = DeliveryThread(
            name: "imattrd-log", LogReceiver(target: target, descriptor: descriptor, dropped: dropped))
    }

    /// What passes entries to this writer.
    public var handler: Handler { Handler(self) }

    /// Entries that were dropped so far, because they were not taken in time or could not be written.
    public var droppedCount: Int { dropped.count.load(ordering: .relaxed) }

    func append(_ entry: LogEntry) {
        thread.update { if !$0.append(entry) { dropped.add(1) } }
    }

    /// Waits until all entries are written, or the time is over; to be called at the end of the program.
    public func flush(within time: Duration) { thread.flush(within: time) }

    /// Whether JOURNAL_STREAM names the file that standard error is (systemd.exec(5)). Only then the journal has the log
    /// where its readers look for it.
    public static var standardErrorIsJournal: Bool {
        guard let stream = unsafe getenv("JOURNAL_STREAM") else { return false }
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return unsafe String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }
}

/// Counts entries that will never be seen.
final class DroppedEntries: Sendable {
    let count = Atomic(0)

    func add(_ number: Int) { count.add(number, ordering: .relaxed) }
}

/// Writes entries, and may block for any time.
struct LogReceiver: DeliveryReceiver {
    let target: LogWriter.Target
    /// Where lines go.
    let descriptor: CInt
    let dropped: DroppedEntries
    /// Entries dropped since the last report of them.
    private var unreported = 0
    /// Whether the last line could not be written to its end.
    private var isInsideLine = false

    init(target: LogWriter.Target, descriptor: CInt, dropped: DroppedEntries) {
        self.target = target
        self.descriptor = descriptor
        self.dropped = dropped
    }

    mutating func deliver(_ load: LogBacklog) {
        for item in load.items {
            switch item {
            case .dropped(let count): unreported += count
            case .entry(let entry):
                report()
                if !write(entry) {
                    unreported += 1
                    dropped.add(1)
                }
            }
        }
        report()
    }

    private mutating func report() {
        guard unreported > 0 else { return }
        let entry = LogEntry(
            .warning, "log entries were dropped, as they could not be written", ["count": "\(unreported)"])
        if write(entry) { unreported = 0 }
    }

    private mutating func write(_ entry: LogEntry) -> Bool {
        switch target {
        case .standardError(isJSON: true): write(entry.json)
        case .standardError(isJSON: false): write(entry.text)
        case .journal(let prefix, let fromCallers):
            Self.send(entry.journalFields(prefix: prefix, fromCallers: fromCallers)) || write(entry.journalLine)
        }
    }

    private mutating func write(_ line: String) -> Bool {
        var rest = Array((isInsideLine ? "\n" + line : line).utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
                isInsideLine = !rest.isEmpty
                continue
            }
            switch errno {
            case EINTR: continue
            // Another program that shares it has made it non-blocking.
            case EAGAIN:
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe poll(&wanted, 1, -1)
            default: return false
            }
        }
        return true
    }

    /// Hands fields to the journal; false if it does not take them.
    private static func send(_ fields: [String]) -> Bool {
        let bytes = fields.map { Array($0.utf8) }
        let all = bytes.flatMap { $0 }
        return unsafe all.withUnsafeBytes { all in
            var offset = 0
            let vectors = unsafe bytes.map { field in
                defer { offset += field.count }
                // The journal's interface takes a mutable pointer, and does not write there.
                return unsafe iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: all.baseAddress.map { unsafe $0 + offset }),
                    iov_len: field.count)
            }
            return unsafe sd_journal_sendv(vectors, CInt(vectors.count)) == 0
        }
    }
}

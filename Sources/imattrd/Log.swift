import AttributeDaemon
import Logging
import Systemd

/// The log of this process.
struct Log {
    let writer: LogWriter
    /// The logger until the daemon has one at the level in force.
    let logger: Logger

    /// How long the end of the program waits for entries to be written, and for the service manager to be notified.
    private static let patience: Duration = .seconds(1)

    /// - Parameter isJSON: How lines are written where there is no journal.
    init(isJSON: Bool, level: Logger.Level) {
        let writer = LogWriter(
            LogWriter.standardErrorIsJournal
                ? .journal(prefix: "IMATTRD", fromCallers: Audit.fromCallers)
                : .standardError(isJSON: isJSON))
        var logger = Logger(label: "imattrd") { _ in writer.handler }
        logger.logLevel = level
        self.writer = writer
        self.logger = logger
    }

    func flush() {
        writer.flush(within: Self.patience)
        ServiceManager.flush(within: Self.patience)
    }
}

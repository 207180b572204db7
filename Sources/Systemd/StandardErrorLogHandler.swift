import Glibc
import Logging

/// Writes log lines to standard error: for the journal with the priority in front (sd-daemon(3)), for a person with the
/// level.
///
/// Messages are fixed texts; what varies is metadata, whose values are quoted so that no value can look like another line.
public struct StandardErrorLogHandler: LogHandler {
    /// What is logged.
    public var logLevel: Logger.Level = .info
    /// What every line says.
    public var metadata: Logger.Metadata = [:]
    private let isJournal: Bool

    /// Asks once whether standard error is the journal's stream.
    public init() { isJournal = Self.standardErrorIsJournal }

    /// One value of the metadata that every line has.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.filter { $0.key != MessageID.key }
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
        let start = isJournal ? "<\(Self.priority(of: event.level))>" : "\(event.level): "
        write(start + "\(event.message)" + fields + "\n")
    }

    private func write(_ line: String) {
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            // write(2) takes a pointer, and this is the length of what it points to.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // A failure to write the log cannot be reported anywhere.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// A word as it is, anything else in quotation marks with control characters escaped.
    static func quoted(_ text: String) -> String {
        let isWord = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        if isWord { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            default:
                result += scalar.properties.generalCategory.isInvisible ? scalar.escaped(asASCII: true) : String(scalar)
            }
        }
        return result + "\""
    }

    /// The priorities of syslog(3).
    static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// Whether JOURNAL_STREAM names the file that standard error is (systemd.exec(5)).
    static var standardErrorIsJournal: Bool {
        // C functions, whose results are copied at once.
        guard let stream = unsafe getenv("JOURNAL_STREAM") else { return false }
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return unsafe String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }
}

extension Unicode.GeneralCategory {
    /// Control characters, line separators, and characters that change the direction of text.
    fileprivate var isInvisible: Bool {
        switch self {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}

import CSystemd
import Glibc
import Logging

/// Writes log entries to the journal with a field for each value (sd_journal_sendv(3), systemd.journal-fields(7)):
/// `journalctl IMATTRD_UID=1000`, `journalctl MESSAGE_ID=…`.
///
/// `MESSAGE` has the fixed text and the values that the daemon made itself; what a caller sent is only in a field of its own.
public struct JournalLogHandler: LogHandler {
    /// What is logged.
    public var logLevel: Logger.Level = .info
    /// What every entry says.
    public var metadata: Logger.Metadata = [:]
    private let prefix: String
    private let fromCallers: Set<String>

    /// Nil unless standard error is the journal's stream, since only then are entries read there.
    ///
    /// - Parameters:
    ///   - prefix: What the names of fields begin with, in capital letters.
    ///   - fromCallers: Keys of metadata that callers write, and that `MESSAGE` therefore does not have.
    public init?(prefix: String, fromCallers: Set<String>) {
        guard StandardErrorLogHandler.standardErrorIsJournal else { return nil }
        self.prefix = prefix
        self.fromCallers = fromCallers
    }

    /// One value of the metadata that every entry has.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one entry; as a line to standard error if the journal does not take it.
    public func log(event: LogEvent) {
        let entry = JournalEntry(
            "\(event.message)", event.level, metadata.merging(event.metadata ?? [:]) { $1 }, prefix: prefix,
            fromCallers: fromCallers)
        guard !entry.send() else { return }
        var fallback = StandardErrorLogHandler()
        fallback.metadata = metadata
        fallback.log(event: event)
    }
}

/// One entry of the journal: its fields.
struct JournalEntry {
    /// `NAME=value`, each.
    let fields: [String]

    init(
        _ message: String, _ level: Logger.Level, _ metadata: Logger.Metadata, prefix: String,
        fromCallers: Set<String>
    ) {
        let values = metadata.sorted { $0.key < $1.key }
        let shown = values.filter { !fromCallers.contains($0.key) && $0.key != MessageID.key }
        let tail = shown.map { " \($0.key)=\(StandardErrorLogHandler.quoted("\($0.value)"))" }.joined()
        fields =
            ["MESSAGE=\(message)\(tail)", "PRIORITY=\(StandardErrorLogHandler.priority(of: level))"]
            + values.map { "\(Self.name($0.key, prefix))=\($0.value)" }
    }

    /// `callId` as `PREFIX_CALL_ID`; the journal knows capital letters, digits and underscores.
    static func name(_ key: String, _ prefix: String) -> String {
        if key == MessageID.key { return key }
        var name = prefix
        var wasLower = false
        for scalar in "_\(key)".unicodeScalars {
            let character = Character(scalar)
            let isKnown = scalar.isASCII && (character.isLetter || character.isNumber)
            if isKnown, character.isUppercase, wasLower { name += "_" }
            name += isKnown ? character.uppercased() : "_"
            wasLower = isKnown && character.isLowercase
        }
        return name
    }

    /// Hands it to the journal; false if it does not take it.
    func send() -> Bool {
        let bytes = fields.map { Array($0.utf8) }
        let all = bytes.flatMap { $0 }
        // The journal's interface takes a pointer to each field. All fields are in one array, which lives until it returns.
        return unsafe all.withUnsafeBytes { all in
            var offset = 0
            let vectors = unsafe bytes.map { field in
                defer { offset += field.count }
                // It is a mutable pointer, and the journal does not write there.
                return unsafe iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: all.baseAddress.map { unsafe $0 + offset }),
                    iov_len: field.count)
            }
            return unsafe sd_journal_sendv(vectors, CInt(vectors.count)) == 0
        }
    }
}

/// The 128-bit number by which an event is found whatever its text says.
public enum MessageID {
    /// The key of metadata under which it is logged.
    public static let key = "MESSAGE_ID"
}

import Glibc
import JSONTokens
import Logging

/// One entry of the log.
///
/// What is unsafe here is `tm`, for its pointer to the name of a zone, which is not read, and calls of C functions with pointers to
/// values that live until they return.
///
/// Messages are fixed texts; what varies is metadata, whose values are quoted so that nothing can pass for another line.
struct LogEntry: Sendable {
    /// When it was logged, since 1970.
    let time: timespec
    let level: Logger.Level
    let message: String
    let metadata: Logger.Metadata

    init(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata = [:], at time: timespec = .now) {
        self.time = time
        self.level = level
        self.message = message
        self.metadata = metadata
    }

    /// About as many bytes as it takes in memory.
    var size: Int {
        metadata.reduce(Self.overhead + message.utf8.count) { $0 + Self.overhead + Self.size(of: $1.value) }
    }

    private static let overhead = 64

    private static func size(of value: Logger.Metadata.Value) -> Int {
        if case .string(let text) = value { text.utf8.count } else { "\(value)".utf8.count }
    }

    private var sorted: [(key: String, value: String)] {
        metadata.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    }

    // MARK: Lines

    /// `2026-11-30T14:37:31.123Z info: started socket=/run/…`
    var text: String { "\(time.iso8601) \(level): \(message)\(fields)\n" }

    /// For the journal's stream (sd-daemon(3)): the priority instead of the level, and the journal knows the time.
    var journalLine: String { "<\(priority)>\(message)\(fields)\n" }

    /// One JSON object, in which all values are strings.
    var json: String {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            for (key, value) in [("time", time.iso8601), ("level", "\(level)"), ("msg", message)] + sorted {
                json.key(text: key)
                json.string(value)
            }
        }
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    private var fields: String {
        sorted.filter { $0.key != MessageID.key }.map { " \($0.key)=\(Self.quoted($0.value))" }.joined()
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

    // MARK: The journal

    /// The priorities of syslog(3).
    private var priority: Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// `NAME=value`, each (systemd.journal-fields(7)). `MESSAGE` has the fixed text and the values that the daemon made itself; what a
    /// caller sent is in its own field alone.
    /// - Parameters:
    ///   - prefix: What the names of fields begin with, in capital letters.
    ///   - fromCallers: Keys of metadata that callers write.
    func journalFields(prefix: String, fromCallers: Set<String>) -> [String] {
        let shown = sorted.filter { !fromCallers.contains($0.key) && $0.key != MessageID.key }
        let tail = shown.map { " \($0.key)=\(Self.quoted($0.value))" }.joined()
        return ["MESSAGE=\(message)\(tail)", "PRIORITY=\(priority)"]
            + sorted.map { "\(Self.fieldName($0.key, prefix))=\($0.value)" }
    }

    /// `callId` as `PREFIX_CALL_ID`; the journal knows capital letters, digits and underscores.
    static func fieldName(_ key: String, _ prefix: String) -> String {
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
}

/// The 128-bit number by which an event is found whatever its text says.
public enum MessageID {
    /// The key of metadata under which it is logged.
    public static let key = "MESSAGE_ID"
}

extension timespec {
    /// The time of day.
    static var now: timespec {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return now
    }

    /// In UTC, with milliseconds.
    var iso8601: String {
        var seconds = tv_sec
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        let date = unsafe "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        let time = unsafe "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
        return "\(date)T\(time).\(padded(tv_nsec / 1_000_000, 3))Z"
    }

    private func padded(_ number: some BinaryInteger, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
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

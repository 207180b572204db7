import Glibc
import JSONTokens

/// Why a run cannot be gone on with.
enum ResumeError: Error, Hashable {
    /// The state file cannot be read or understood.
    case unreadable(path: String, why: String)
    /// The input does not begin with what has been answered.
    case otherInput(path: String, accounts: Int)
    /// Another form, other columns or another file were asked for before.
    case otherOptions(path: String, what: String)
    /// There is an output that no state knows of.
    case outputExists(String)
    /// The output is not what the state says.
    case otherOutput(String)

    var description: String {
        switch self {
        case .unreadable(let path, let why): "cannot go on from \(path): \(why)."
        case .otherInput(let path, let accounts):
            "the input is not the one that \(path) is of: its first \(accounts) accounts differ. Give the same accounts "
                + "again (more may follow), or remove \(path) and the output to begin anew."
        case .otherOptions(let path, let what):
            "\(path) is of a run with \(what). Give the same options again, or remove it and the output to begin anew."
        case .outputExists(let path):
            "\(path) is there already, and --resume names no run that made it. Remove it to begin anew."
        case .otherOutput(let path):
            "\(path) is not as the run of --resume left it: it is shorter, or other lines end in it. Remove both to begin anew."
        }
    }
}

/// How far a run has come: all that is needed to go on after any end of it. The answers themselves are in the output; what is in it
/// beyond `bytes` was written after this was noted, and is cut off.
struct ResumeState: Hashable, Sendable {
    let format: OutputFormat
    /// The columns, if the form has some.
    let columns: Columns?
    /// The output's name.
    let output: String
    /// The accounts that are answered in the output.
    let position: InputPosition
    /// Whether some of them are missing.
    let hasMissing: Bool
    /// Bytes of the output that hold their answers.
    let bytes: Int
    /// The list of those that were refused; nil if none is kept.
    var refused: RefusedState?

    // MARK: The file

    /// Reads a state file; nil if there is none.
    static func read(_ path: String) throws(ResumeError) -> ResumeState? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw .unreadable(path: path, why: SystemCall.text(of: errno)) }
        defer { close(descriptor) }
        let text = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
            count = max(SystemCall.read(descriptor, buffer.baseAddress, buffer.count), 0)
        }
        guard let state = try? ResumeState(json: text) else {
            throw .unreadable(path: path, why: "it is no state of 'imattr get'. Remove it to begin anew")
        }
        return state
    }

    /// What the name of the next state ends in until it is whole.
    static let nextSuffix = ".new"

    /// Why something cannot be a state file; nil if it can, or is not there. Replacing a device would remove it.
    static func whyNotAFile(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return nil }
        return "it is not a regular file"
    }

    /// Replaces the state file in one step: at any time the old one is there, or the new one. A symbolic link stays one.
    func write(_ path: String) throws(OutputError) {
        let path = FilePath.real(path)
        let next = path + Self.nextSuffix
        let descriptor = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw OutputError(next, errno: errno) }
        defer { close(descriptor) }
        try FileDescriptor.write(json + [UInt8(ascii: "\n")], to: descriptor, name: next)
        guard fsync(descriptor) == 0, rename(next, path) == 0 else { throw OutputError(path, errno: errno) }
    }

    // MARK: Its text

    /// Version 2 has a list of refused accounts, which a reader of version 1 would not ask for again.
    private static let versions: ClosedRange<Int64> = 1...2

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("imattrGetState")
            json.integer(refused == nil ? Self.versions.lowerBound : Self.versions.upperBound)
            json.key("format")
            json.string(format.rawValue)
            if let columns {
                json.key("columns")
                json.array { json in for name in columns.names { json.string(name) } }
                json.key("hasAttrsColumn")
                json.boolean(columns.hasRest)
            }
            json.key("output")
            json.string(output)
            json.key("accounts")
            json.integer(position.accounts)
            json.key("digest")
            json.string(String(position.digest, radix: 16))
            json.key("hasMissing")
            json.boolean(hasMissing)
            json.key("bytes")
            json.integer(bytes)
            if let refused {
                json.key("refused")
                json.object { json in
                    json.key("path")
                    json.string(refused.path)
                    json.key("bytes")
                    json.integer(refused.bytes)
                    json.key("retried")
                    json.integer(refused.retried)
                    json.key("digest")
                    json.string(String(refused.digest, radix: 16))
                }
            }
        }
        return json.bytes
    }

    fileprivate struct Malformed: Error {}

    init(json: [UInt8]) throws {
        var (version, accounts, bytes): (Int64?, Int64?, Int64?)
        var (format, output, digest): (OutputFormat?, String?, UInt128?)
        var names: [String]?
        var (hasRest, hasMissing) = (false, false)
        var refused: RefusedState?
        var reader = JSONReader(json)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch reader.decode(key) {
            case "imattrGetState": version = try reader.integer()
            case "format": format = reader.decode(try reader.string()).flatMap { OutputFormat(rawValue: $0) }
            case "columns":
                names = []
                try reader.beginArray()
                while try reader.nextElement() { names?.append(reader.decode(try reader.string()) ?? "") }
            case "hasAttrsColumn": hasRest = try reader.flag()
            case "output": output = reader.decode(try reader.string())
            case "accounts": accounts = try reader.integer()
            case "digest": digest = reader.decode(try reader.string()).flatMap { UInt128($0, radix: 16) }
            case "hasMissing": hasMissing = try reader.flag()
            case "bytes": bytes = try reader.integer()
            case "refused": refused = try RefusedState(&reader)
            default: try reader.skipValue()
            }
        }
        try reader.finish()
        guard let version, Self.versions ~= version, let format, let output, let accounts, let digest, let bytes else {
            throw Malformed()
        }
        self.init(
            format: format, columns: names.map { Columns($0, hasRest: hasRest) }, output: output,
            position: InputPosition(accounts: Int(accounts), digest: digest), hasMissing: hasMissing, bytes: Int(bytes),
            refused: refused)
    }

    init(
        format: OutputFormat, columns: Columns?, output: String, position: InputPosition, hasMissing: Bool, bytes: Int,
        refused: RefusedState? = nil
    ) {
        self.format = format
        self.columns = columns
        self.output = output
        self.position = position
        self.hasMissing = hasMissing
        self.bytes = bytes
        self.refused = refused
    }
}

extension RefusedState {
    fileprivate init(_ reader: inout JSONReader) throws {
        var (path, bytes, retried, digest): (String?, Int64?, Int64?, UInt128?)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch reader.decode(key) {
            case "path": path = reader.decode(try reader.string())
            case "bytes": bytes = try reader.integer()
            case "retried": retried = try reader.integer()
            case "digest": digest = reader.decode(try reader.string()).flatMap { UInt128($0, radix: 16) }
            default: try reader.skipValue()
            }
        }
        guard let path, let bytes, let retried, let digest else { throw ResumeState.Malformed() }
        self.init(path: path, bytes: Int(bytes), retried: Int(retried), digest: digest)
    }
}

extension JSONReader {
    fileprivate mutating func flag() throws(JSONSyntaxError) -> Bool {
        bytes[try skipValue().lowerBound] == UInt8(ascii: "t")
    }
}

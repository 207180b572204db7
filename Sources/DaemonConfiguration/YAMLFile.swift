import CLibYAML
import Glibc

/// A YAML file: one mapping of names to scalars, to lists of scalars, or to lists of flat mappings, all read as text.
public struct YAMLFile: Hashable, Sendable {
    /// The entries in the order of the file.
    public private(set) var entries: [(name: String, entry: ConfigurationText.Entry)] = []
    /// Why the file, or a part of it, cannot be understood.
    public private(set) var problems: [ConfigurationProblem] = []

    /// The largest file that is read, in bytes.
    static let maximumSize = 1 << 20

    /// Reads a file from disk; nil if there is none.
    public static func read(_ path: String) -> YAMLFile? {
        switch SmallFile.read(path, limit: maximumSize) {
        case .success(let bytes): return YAMLFile(bytes, path: path)
        case .failure(.missing): return nil
        case .failure(let error):
            return YAMLFile(problem: ConfigurationProblem(WrittenText(path: path).plain, nil, nil, "\(error)"))
        }
    }

    /// Reads the text of a file.
    public init(_ bytes: [UInt8], path: String) {
        do throws(ConfigurationProblem) {
            try parse(bytes, path: path)
        } catch {
            problems.append(error)
        }
    }

    private init(problem: ConfigurationProblem) { problems = [problem] }

    private mutating func parse(_ bytes: [UInt8], path: String) throws(ConfigurationProblem) {
        if let encoding = ByteOrderMark.foreignEncoding(of: bytes) {
            throw ConfigurationProblem(path, nil, nil, "is in \(encoding); save it as UTF-8")
        }
        let events = YAMLEvents(ByteOrderMark.without(bytes), path: path)
        try events.expect(YAML_STREAM_START_EVENT)
        var event = try events.next()
        if event.kind == YAML_STREAM_END_EVENT { return }
        event = try events.next()
        switch event.kind {
        case YAML_MAPPING_START_EVENT: try readMapping(events, path: path)
        // What is left of a document that holds comments only.
        case YAML_SCALAR_EVENT where event.text.isEmpty: break
        default:
            throw ConfigurationProblem(path, .file(path, line: event.line), nil, "must be a mapping of keys to values")
        }
        try events.expect(YAML_DOCUMENT_END_EVENT)
        let last = try events.next()
        if last.kind != YAML_STREAM_END_EVENT {
            throw ConfigurationProblem(path, .file(path, line: last.line), nil, "must hold one YAML document")
        }
    }

    private mutating func readMapping(_ events: YAMLEvents, path: String) throws(ConfigurationProblem) {
        var names: Set<String> = []
        while let name = try events.key() {
            let shown = WrittenText(name: name.text).plain
            let entry = try events.value(of: shown)
            guard names.insert(name.text).inserted else {
                throw ConfigurationProblem(shown, .file(path, line: name.line), nil, "is given twice")
            }
            entries.append((name.text, entry))
        }
    }

    /// Whether both say the same.
    public static func == (left: YAMLFile, right: YAMLFile) -> Bool {
        left.problems == right.problems && left.entries.elementsEqual(right.entries, by: ==)
    }

    /// Feeds the entries.
    public func hash(into hasher: inout Hasher) {
        for (name, entry) in entries {
            hasher.combine(name)
            hasher.combine(entry)
        }
    }
}

/// The events of libyaml's parser.
private final class YAMLEvents {
    struct Event {
        let kind: yaml_event_type_t
        let text: String
        let line: Int
        /// Whether it was written without quotation marks.
        let isPlain: Bool

        /// Whether it is no value: empty, or one of YAML's words for that (https://yaml.org/spec/1.2.2/#10211-null).
        var isNull: Bool { text.isEmpty || isPlain && ["~", "null", "Null", "NULL"].contains(text) }
    }

    private let bytes: [UInt8]
    private let path: String
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
        input = .allocate(capacity: max(1, bytes.count))
        _ = input.initialize(from: bytes)
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(ConfigurationProblem) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else {
            let line = lineOfProblem
            let reason = parser.pointee.problem.map { String(cString: $0) } ?? "unreadable"
            throw ConfigurationProblem(path, .file(path, line: line), nil, "is not YAML: \(reason)")
        }
        defer { yaml_event_delete(&event) }
        let line = Int(event.start_mark.line) + 1
        if Self.hasAnchor(event) {
            throw ConfigurationProblem(path, .file(path, line: line), nil, "must do without anchors and aliases")
        }
        guard event.type == YAML_SCALAR_EVENT else {
            return Event(kind: event.type, text: "", line: line, isPlain: false)
        }
        let scalar = event.data.scalar
        let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
        return Event(kind: event.type, text: text, line: line, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
    }

    /// What cannot be decoded is met before it has a line.
    private var lineOfProblem: Int {
        guard parser.pointee.error == YAML_READER_ERROR else { return Int(parser.pointee.problem_mark.line) + 1 }
        return 1 + bytes.prefix(parser.pointee.problem_offset).count { $0 == UInt8(ascii: "\n") }
    }

    private static func hasAnchor(_ event: yaml_event_t) -> Bool {
        switch event.type {
        case YAML_ALIAS_EVENT: true
        case YAML_SCALAR_EVENT: event.data.scalar.anchor != nil
        case YAML_SEQUENCE_START_EVENT: event.data.sequence_start.anchor != nil
        case YAML_MAPPING_START_EVENT: event.data.mapping_start.anchor != nil
        default: false
        }
    }

    func expect(_ kind: yaml_event_type_t) throws(ConfigurationProblem) {
        let event = try next()
        guard event.kind == kind else {
            throw ConfigurationProblem(path, .file(path, line: event.line), nil, "must be a flat mapping")
        }
    }

    /// The next key of the mapping; nil at its end.
    func key() throws(ConfigurationProblem) -> Event? {
        let event = try next()
        if event.kind == YAML_MAPPING_END_EVENT { return nil }
        guard event.kind == YAML_SCALAR_EVENT else {
            throw ConfigurationProblem(path, .file(path, line: event.line), nil, "a key must be a word")
        }
        return event
    }

    func value(of key: String) throws(ConfigurationProblem) -> ConfigurationText.Entry {
        let event = try next()
        let origin = ConfigurationText.Origin.file(path, line: event.line)
        switch event.kind {
        case YAML_SCALAR_EVENT: return .init(event.isNull ? .nothing : .scalar(event.text), from: origin)
        case YAML_SEQUENCE_START_EVENT: return .init(try elements(of: key), from: origin)
        default: throw ConfigurationProblem(key, origin, nil, "must be a value or a list of values")
        }
    }

    /// A list: of scalars, or of mappings.
    private func elements(of key: String) throws(ConfigurationProblem) -> ConfigurationText.Entry.Content {
        var elements: [String] = []
        var maps: [ConfigurationText.Entry.Map] = []
        while true {
            let event = try next()
            switch event.kind {
            case YAML_SCALAR_EVENT where maps.isEmpty: elements.append(event.text)
            case YAML_MAPPING_START_EVENT where elements.isEmpty:
                maps.append(try map(in: "\(key)[\(maps.count)]", line: event.line))
            case YAML_SEQUENCE_END_EVENT: return maps.isEmpty ? .list(elements) : .maps(maps)
            default:
                throw ConfigurationProblem(
                    key, .file(path, line: event.line), nil, "must be a list of plain values, or one of mappings")
            }
        }
    }

    private func map(in place: String, line: Int) throws(ConfigurationProblem) -> ConfigurationText.Entry.Map {
        var members: [ConfigurationText.Entry.Map.Member] = []
        while let name = try key() {
            let shown = "\(place).\(WrittenText(name: name.text).plain)"
            let entry = try value(of: shown)
            if case .maps = entry.content {
                throw ConfigurationProblem(shown, entry.origin, nil, "must be a value or a list of plain values")
            }
            members.append(.init(name: name.text, entry: entry))
        }
        return .init(origin: .file(path, line: line), members: members)
    }
}

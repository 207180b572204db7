/// The configuration as text: for each key that is given, what is given and where.
public struct ConfigurationText: Hashable, Sendable {
    /// Where a value comes from; what comes first in this list overrides what comes later.
    public enum Origin: Hashable, Sendable, CustomStringConvertible {
        case flag(String)
        case environment(String)
        case file(String, line: Int)
        case builtIn

        /// For a person.
        public var description: String {
            switch self {
            case .flag(let name): "flag \(name)"
            case .environment(let name): "environment variable \(name)"
            case .file(let path, let line): "\(path):\(line)"
            case .builtIn: "default"
            }
        }
    }

    /// One value.
    public struct Entry: Hashable, Sendable {
        /// The value, or the elements of a list.
        public let elements: [String]
        /// Whether it was written as a list.
        public let isList: Bool
        /// Where it was given.
        public let origin: Origin

        /// A scalar.
        public init(_ text: String, from origin: Origin) {
            elements = [text]
            isList = false
            self.origin = origin
        }

        /// A list.
        public init(list elements: [String], from origin: Origin) {
            self.elements = elements
            isList = true
            self.origin = origin
        }

        /// The value as it is shown.
        public var text: String { elements.joined(separator: ",") }
    }

    /// What is given for each key.
    public private(set) var entries: [ConfigurationKey: Entry] = [:]
    /// What cannot be understood.
    public private(set) var problems: [ConfigurationProblem] = []

    /// Environment variables of ours that are no key of the configuration: the socket, which is the clients', and the
    /// path of the file.
    private static let otherVariables: Set<String> = ["IMATTRD_SOCKET", "IMATTRD_CONFIG"]

    /// Puts together what flags, environment and file say.
    /// - Parameter namedFile: The path that was given for the file; nil if the usual one was tried, which need not be there.
    public init(
        flags: [ConfigurationKey: String], environment: [String: String], file: YAMLFile? = nil,
        namedFile: String? = nil
    ) {
        for (key, text) in flags { entries[key] = Entry(text, from: .flag(key.flag)) }
        read(environment)
        if let file {
            read(file)
        } else if let namedFile {
            problems.append(ConfigurationProblem("config", nil, namedFile, "no such file"))
        }
    }

    private mutating func read(_ environment: [String: String]) {
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("IMATTRD_") {
            if let key = ConfigurationKey.allCases.first(where: { $0.environmentVariable == name }) {
                if entries[key] == nil { entries[key] = Entry(text, from: .environment(name)) }
            } else if !Self.otherVariables.contains(name) {
                problems.append(
                    ConfigurationProblem(
                        name, .environment(name), nil, "no such key; see imattrd --help for the keys there are"))
            }
        }
    }

    private mutating func read(_ file: YAMLFile) {
        problems += file.problems
        for (name, entry) in file.entries {
            if let key = ConfigurationKey(rawValue: name) {
                if entries[key] == nil { entries[key] = entry }
            } else {
                problems.append(
                    ConfigurationProblem(
                        name, entry.origin, nil, "no such key; see imattrd --help for the keys there are"))
            }
        }
    }
}

/// What is wrong with the configuration: which key, where it was given, the value, and what is allowed.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The key at fault, or the name that is none.
    public let key: String
    /// One line for a person.
    public let description: String

    init(_ key: String, _ origin: ConfigurationText.Origin?, _ value: String?, _ allowed: String) {
        self.key = key
        let place = origin.map { " (\($0))" } ?? ""
        let given = value.map { " \"\(Self.shortened($0))\":" } ?? ""
        description = "\(key)\(place):\(given) \(allowed)".onOneLine
    }

    private static func shortened(_ value: String) -> String {
        value.count > 80 ? value.prefix(80) + "…" : value
    }
}

extension String {
    /// With a space for each character that would end the line, or change how the rest of it is shown.
    var onOneLine: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: " "
                    default: scalar
                    }
                }))
    }
}

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

        /// Whether both are flags, variables, or in the file.
        func isSameKind(as other: Self) -> Bool {
            switch (self, other) {
            case (.flag, .flag), (.environment, .environment), (.file, .file), (.builtIn, .builtIn): true
            case (.flag, _), (.environment, _), (.file, _), (.builtIn, _): false
            }
        }
    }

    /// One value.
    public struct Entry: Hashable, Sendable {
        /// What is written there.
        public enum Content: Hashable, Sendable {
            /// A name without a value: an empty one, or YAML's null.
            case nothing
            case scalar(String)
            case list([String])
            /// A list of mappings, which only the file can have.
            case maps([Map])
        }

        /// A mapping inside a list.
        public struct Map: Hashable, Sendable {
            /// One line of it.
            public struct Member: Hashable, Sendable {
                /// What it is named.
                public let name: String
                /// A scalar or a list of scalars.
                public let entry: Entry
            }

            /// Where it begins.
            public let origin: Origin
            /// In the order of the file; a name can occur twice.
            public let members: [Member]
        }

        /// What is written there.
        public let content: Content
        /// Where it was given.
        public let origin: Origin

        /// A scalar; an empty one is nothing.
        public init(_ text: String, from origin: Origin) {
            self.init(text.isEmpty ? .nothing : .scalar(text), from: origin)
        }

        init(_ content: Content, from origin: Origin) {
            self.content = content
            self.origin = origin
        }

        /// The value as it is shown.
        public var text: String {
            switch content {
            case .nothing: ""
            case .scalar(let text): text
            case .list(let elements): elements.joined(separator: ",")
            case .maps(let maps): "\(maps.count) mappings"
            }
        }
    }

    /// What is given for each key.
    public private(set) var entries: [ConfigurationKey: Entry] = [:]
    /// What cannot be understood.
    public private(set) var problems: [ConfigurationProblem] = []

    /// Environment variables of ours that are no key of the configuration: the socket, which is the clients', and the
    /// path of the file.
    private static let otherVariables: Set<String> = ["IMATTRD_SOCKET", "IMATTRD_CONFIG"]

    private static let keysByVariable = Dictionary(
        uniqueKeysWithValues: ConfigurationKey.allCases.map { ($0.environmentVariable, $0) })

    /// Puts together what flags, environment and file say.
    /// - Parameter namedFile: The path that was given for the file; nil if the usual one was tried, which need not be there.
    public init(
        flags: [ConfigurationKey: String], environment: [String: String], file: YAMLFile? = nil,
        namedFile: String? = nil
    ) {
        for (key, text) in flags where !key.isOnlyInFile { entries[key] = Entry(text, from: .flag(key.flag)) }
        read(environment)
        if let file {
            read(file)
        } else if let namedFile {
            problems.append(ConfigurationProblem("config", nil, WrittenText(path: namedFile), "no such file"))
        }
    }

    private mutating func read(_ environment: [String: String]) {
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("IMATTRD_") {
            if let key = Self.keysByVariable[name], key.isOnlyInFile {
                problems.append(
                    ConfigurationProblem(key.rawValue, .environment(name), nil, "can be given only in the file"))
            } else if let key = Self.keysByVariable[name] {
                if entries[key] == nil { entries[key] = Entry(text, from: .environment(name)) }
            } else if !Self.otherVariables.contains(name) {
                problems.append(ConfigurationProblem(unknown: name, .environment(WrittenText(name: name).plain)))
            }
        }
    }

    private mutating func read(_ file: YAMLFile) {
        problems += file.problems
        for (name, entry) in file.entries {
            if let key = ConfigurationKey(rawValue: name) {
                if entries[key] == nil { entries[key] = entry }
            } else {
                problems.append(ConfigurationProblem(unknown: name, entry.origin))
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

    init(_ key: String, _ origin: ConfigurationText.Origin?, _ value: WrittenText?, _ allowed: String) {
        self.key = key
        let place = origin.map { " (\($0))" } ?? ""
        let given = value.map { " \($0):" } ?? ""
        description = "\(key)\(place):\(given) \(allowed)".onOneLine
    }

    /// The same for everybody who may ask for the state: a rule names users and accounts, which only its own callers may know.
    public var descriptionForCallers: String {
        key.hasPrefix(ConfigurationKey.rules.rawValue)
            ? "rules: cannot be used; the daemon's log says why" : description
    }

    /// A name that is no key's.
    init(unknown name: String, _ origin: ConfigurationText.Origin) {
        self.init(
            WrittenText(name: name).plain, origin, nil, "no such key; see imattrd --help for the keys there are")
    }
}

extension [ConfigurationProblem] {
    /// A line for each; of many only the first four, and how many more there are: more than a handful of lines hides the first one,
    /// which most often is the cause of the others.
    public var lines: [String] { lines(\.description) }

    /// The same for everybody who may ask for the state.
    public var linesForCallers: [String] { lines(\.descriptionForCallers) }

    private func lines(_ text: (ConfigurationProblem) -> String) -> [String] {
        let most = 5
        if count <= most { return map(text) }
        return prefix(most - 1).map(text) + ["and \(count - (most - 1)) more problems; fix these first"]
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

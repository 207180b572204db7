import JSONTokens

/// The single values of a JSON text with their names, as lines for a person: members of inner objects as `outer.inner`, elements
/// of arrays as `name[0]`.
struct FlatValues {
    /// One value that is no object or array, or an empty one.
    struct Value: Hashable {
        let name: String
        /// A string's text, or the token as it is; no part of it acts on a terminal.
        let text: String
    }

    private(set) var values: [Value] = []

    init(_ json: [UInt8]) throws(JSONSyntaxError) {
        var reader = JSONReader(json)
        try read(&reader, name: "")
        try reader.finish()
    }

    private mutating func read(_ reader: inout JSONReader, name: String) throws(JSONSyntaxError) {
        switch try reader.peek() {
        case .object: try readObject(&reader, name: name)
        case .array: try readArray(&reader, name: name)
        case .string, .number, .boolean, .null: values.append(Value(name: name, text: try reader.readableValue()))
        }
    }

    private mutating func readObject(_ reader: inout JSONReader, name: String) throws(JSONSyntaxError) {
        let before = values.count
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let member = reader.readableText(key)
            try read(&reader, name: name.isEmpty ? member : "\(name).\(member)")
        }
        if values.count == before { values.append(Value(name: name, text: "{}")) }
    }

    private mutating func readArray(_ reader: inout JSONReader, name: String) throws(JSONSyntaxError) {
        var index = 0
        try reader.beginArray()
        while try reader.nextElement() {
            try read(&reader, name: "\(name)[\(index)]")
            index += 1
        }
        if index == 0 { values.append(Value(name: name, text: "[]")) }
    }

    /// The values, one a line, aligned.
    var lines: [String] {
        let width = values.map { TerminalText.width($0.name) }.max() ?? 0
        return values.map { "\(TerminalText.pad($0.name, to: width))  \($0.text)" }
    }
}

import AttributeAPI
import IMAttrClient
import JSONTokens

/// A method of the daemon for a person to read.
struct MethodPage {
    private(set) var lines: [String] = []
    private let document: DiscoveryDocument
    /// Columns that lines keep to where words allow it.
    private static let width = 100

    init(_ method: JSONTree, in document: DiscoveryDocument) {
        self.document = document
        let name = method["name"]?.text ?? ""
        let params = method["params"]?.elements ?? []
        add([name, synopsis(params)].filter { !$0.isEmpty }.joined(separator: " "))
        for key in ["summary", "description"] { if let text = method[key]?.text { add(text, indent: 2) } }
        addParams(params)
        addResult(method)
        addErrors(method)
        addExamples(method, name)
    }

    // MARK: Sections

    private func synopsis(_ params: [JSONTree]) -> String {
        params.map { param in
            let name = param["name"]?.text ?? ""
            return param["required"] == true ? name : "[\(name)]"
        }.joined(separator: " ")
    }

    private mutating func addParams(_ params: [JSONTree]) {
        addHeading(params.isEmpty ? "Params: none" : "Params, by name or by position in this order:")
        for param in params { add(schema: param["schema"] ?? .null, name: param["name"]?.text ?? "", indent: 2) }
    }

    private mutating func addResult(_ method: JSONTree) {
        guard let schema = method["result"]?["schema"], method["x-notification"] != true else {
            return addHeading("Result: none; this is a notification")
        }
        addHeading("Result:")
        add(schema: schema, name: "", indent: 2)
    }

    private mutating func addErrors(_ method: JSONTree) {
        let errors = (method["errors"]?.elements ?? []).map(document.resolved)
        if errors.isEmpty { return }
        addHeading("Errors:")
        for error in errors {
            guard case .number(let code) = error["code"] else { continue }
            add("\(code)  \(text(of: error))", indent: 2, hanging: 8)
        }
        if let text = method["x-upstreamErrors"]?["description"]?.text { add(text, indent: 2) }
    }

    /// `overloaded: A limit is met. Retryable. Data: limit, limitName.`
    private func text(of error: JSONTree) -> String {
        let name = error["x-name"]?.text.map { $0 + ": " } ?? ""
        let members = (error["x-dataMembers"]?.elements ?? []).compactMap(\.text)
        return name + (error["message"]?.text ?? "") + (error["data"]?["retryable"] == true ? " Retryable." : "")
            + (members.isEmpty ? "" : " Data: \(members.joined(separator: ", ")).")
    }

    private mutating func addExamples(_ method: JSONTree, _ name: String) {
        for example in method["examples"]?.elements ?? [] {
            let members = (example["params"]?.elements ?? []).compactMap { param in
                param["value"].map { (param["name"]?.text ?? "", $0) }
            }
            let params = members.isEmpty ? "" : " '\(String(decoding: JSONTree(members: members).json, as: UTF8.self))'"
            addHeading("Example:")
            lines.append("  imattr call \(name)\(params)")
            if let value = example["result"]?["value"] {
                lines.append("  " + String(decoding: value.json, as: UTF8.self))
            }
        }
    }

    // MARK: Schemas

    /// A line for the value, and its members below it.
    private mutating func add(schema: JSONTree, name: String, indent: Int) {
        let schema = document.resolved(schema)
        let label = name.isEmpty ? "" : name + "  "
        let meaning = schema["description"]?.text.map { ". " + $0 } ?? ""
        add(label + phrase(schema) + meaning, indent: indent, hanging: 4)
        let inner = schema["type"]?.text == "array" ? document.resolved(schema["items"] ?? .null) : schema
        let required = Set((inner["required"]?.elements ?? []).compactMap(\.text))
        for member in inner["properties"]?.members ?? [] {
            let mark = required.contains(member.key) ? "" : " (optional)"
            add(schema: member.value, name: member.key + mark, indent: indent + 2)
        }
    }

    /// `integer from 1 to 600000, default 30000`.
    private func phrase(_ schema: JSONTree) -> String {
        let types = schema["type"].map { $0.elements.isEmpty ? [$0] : $0.elements } ?? []
        var text = types.isEmpty ? "any value" : types.compactMap(\.text).joined(separator: " or ")
        if schema["type"]?.text == "array" { text += " of " + phrase(ofElements: schema["items"] ?? .null) }
        if let choices = schema["enum"]?.elements {
            text += ": " + choices.compactMap(\.text).joined(separator: ", ")
        }
        if case .number(let least) = schema["minimum"], case .number(let most) = schema["maximum"] {
            text += " from \(least) to \(most)"
        }
        if case .number(let most) = schema["maxItems"] { text += ", at most \(most)" }
        if case .number(let most) = schema["x-maxBytes"] { text += " of at most \(most) bytes" }
        if let usual = schema["default"] { text += ", default \(String(decoding: usual.json, as: UTF8.self))" }
        return text
    }

    private func phrase(ofElements schema: JSONTree) -> String {
        let schema = document.resolved(schema)
        let bytes = if case .number(let most) = schema["x-maxBytes"] { " of at most \(most) bytes" } else { "" }
        return (schema["type"]?.text ?? "value") + "s" + bytes
    }

    // MARK: Lines

    private mutating func addHeading(_ text: String) {
        lines.append("")
        lines.append(text)
    }

    /// Adds a paragraph, with lines after the first one indented further.
    private mutating func add(_ text: String, indent: Int = 0, hanging: Int = 0) {
        var line = String(repeating: " ", count: indent)
        var isEmpty = true
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !isEmpty, line.count + 1 + word.count > Self.width {
                lines.append(line)
                line = String(repeating: " ", count: indent + hanging) + word
            } else {
                line += isEmpty ? word : " " + word
            }
            isEmpty = false
        }
        lines.append(line)
    }
}

/// The daemon's OpenRPC document.
struct DiscoveryDocument {
    private let tree: JSONTree

    /// Reads the result of `rpc.discover`.
    init(_ json: [UInt8]) throws(IMAttrError) {
        guard let tree = try? JSONTree(json: json), tree["methods"] != nil else {
            throw .protocol("the answer to rpc.discover is no OpenRPC document")
        }
        self.tree = tree
    }

    /// The methods' names.
    var names: [String] { tree["methods"]?.elements.compactMap { $0["name"]?.text } ?? [] }

    /// A method; nil if there is none of this name.
    func method(_ name: String) -> JSONTree? { tree["methods"]?.elements.first { $0["name"]?.text == name } }

    /// What a reference stands for; anything else as it is.
    func resolved(_ tree: JSONTree) -> JSONTree {
        guard let path = tree["$ref"]?.text, path.hasPrefix("#/") else { return tree }
        return path.dropFirst(2).split(separator: "/").reduce(self.tree) { $0[String($1)] ?? .null }
    }
}

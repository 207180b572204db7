import AttributeAPI

/// Checks values against the schemas of an OpenRPC document, as far as those go (JSON Schema, draft 7). It is stricter
/// than the draft in one way: a member that is not described is a fault, since then the document says too little.
public struct SchemaCheck: Sendable {
    private let document: JSONTree

    /// Checks against the schemas of a document.
    public init(document: JSONTree) { self.document = document }

    /// What is wrong with a value, each with its path.
    public func faults(_ value: JSONTree, _ schema: JSONTree, at path: String = "$") -> [String] {
        let schema = resolved(schema)
        if schema == [:] { return [] }
        guard let type = schema["type"] else { return ["\(path): a schema without type"] }
        let types = (type.elements.isEmpty ? [type] : type.elements).compactMap(\.text)
        guard types.contains(where: { has($0, value) }) else {
            return ["\(path): no \(types.joined(separator: " or "))"]
        }
        if let choices = schema["enum"]?.elements, !choices.contains(value) {
            return ["\(path): not among the choices"]
        }
        return bounds(value, schema, path) + members(value, schema, path) + elements(value, schema, path)
    }

    private func resolved(_ schema: JSONTree) -> JSONTree {
        guard let reference = schema["$ref"]?.text else { return schema }
        return reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
    }

    private func has(_ type: String, _ value: JSONTree) -> Bool {
        switch value {
        case .null: type == "null"
        case .boolean: type == "boolean"
        case .number(let digits): type == "number" || type == "integer" && Int(digits) != nil
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    private func bounds(_ value: JSONTree, _ schema: JSONTree, _ path: String) -> [String] {
        let size: Int? =
            switch value {
            case .number(let digits): Int(digits)
            case .string(let text): text.unicodeScalars.count
            case .array(let elements): elements.count
            case .null, .boolean, .object: nil
            }
        guard let size else { return [] }
        let names =
            switch value {
            case .number: ("minimum", "maximum")
            case .string: ("minLength", "maxLength")
            default: ("minItems", "maxItems")
            }
        if case .number(let least) = schema[names.0], size < Int(least) ?? .max { return ["\(path): under \(least)"] }
        if case .number(let most) = schema[names.1], size > Int(most) ?? .min { return ["\(path): over \(most)"] }
        return []
    }

    private func members(_ value: JSONTree, _ schema: JSONTree, _ path: String) -> [String] {
        guard case .object(let members) = value else { return [] }
        let missing = (schema["required"]?.elements ?? []).compactMap(\.text).filter { value[$0] == nil }
        // An object without described members, as in a description of descriptions, may have any.
        guard schema["properties"] != nil || schema["additionalProperties"] != nil else { return [] }
        return missing.map { "\(path).\($0): missing" }
            + members.flatMap { member -> [String] in
                let place = "\(path).\(member.key)"
                guard let inner = schema["properties"]?[member.key] ?? schema["additionalProperties"] else {
                    return ["\(place): not described"]
                }
                return faults(member.value, inner, at: place)
            }
    }

    private func elements(_ value: JSONTree, _ schema: JSONTree, _ path: String) -> [String] {
        guard case .array(let elements) = value, let inner = schema["items"] else { return [] }
        return elements.enumerated().flatMap { faults($1, inner, at: "\(path)[\($0)]") }
    }
}

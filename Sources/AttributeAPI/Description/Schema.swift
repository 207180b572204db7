/// JSON Schema (draft 7), as far as the methods need it. Objects may have members that are not described: more may come.
enum Schema {
    /// An object, of which every member that is not in `optional` is always there.
    static func object(
        _ description: String, optional: Set<String> = [], _ members: KeyValuePairs<String, JSONTree>
    ) -> JSONTree {
        let required = members.map(\.key).filter { !optional.contains($0) }
        return value("object", description)
            .adding("required", required.isEmpty ? nil : .array(required.map(JSONTree.string)))
            .adding("properties", JSONTree(members: members.map { ($0.key, $0.value) }))
    }

    /// An object whose members are all of one kind, with names that are not known beforehand.
    static func map(_ description: String, of element: JSONTree) -> JSONTree {
        value("object", description).adding("additionalProperties", element)
    }

    /// An array of at most so many elements of one kind.
    static func array(_ description: String, of element: JSONTree, maximum: Int? = nil) -> JSONTree {
        value("array", description).adding("items", element).adding("maxItems", maximum.map { .integer($0) })
    }

    static func string(_ description: String) -> JSONTree { value("string", description) }

    /// One of a few strings.
    static func choice(_ description: String, _ choices: [String]) -> JSONTree {
        value("string", description).adding("enum", .array(choices.map(JSONTree.string)))
    }

    static func boolean(_ description: String) -> JSONTree { value("boolean", description) }

    static func number(_ description: String) -> JSONTree { value("number", description) }

    /// An integer, not less than 0.
    static func count(_ description: String) -> JSONTree { value("integer", description).adding("minimum", 0) }

    static func integer(_ description: String, _ range: ClosedRange<Int64>? = nil) -> JSONTree {
        value("integer", description)
            .adding("minimum", range.map { .integer($0.lowerBound) })
            .adding("maximum", range.map { .integer($0.upperBound) })
    }

    /// What is under `components.schemas`.
    static func reference(_ name: String) -> JSONTree { ["$ref": .string("#/components/schemas/\(name)")] }

    private static func value(_ type: String, _ description: String) -> JSONTree {
        ["type": .string(type), "description": .string(description)]
    }
}

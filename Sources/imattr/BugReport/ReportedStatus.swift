import AttributeAPI
import JSONTokens

/// The result of `getStatus` as lines, with no text in it but the daemon's own words: upstream's can name accounts.
struct ReportedStatus {
    private var rows: [(name: String, text: String)] = []

    /// The texts that the daemon makes itself. Another one, such as upstream's `ErrorInfo` or one of a later version, is left out.
    private static let knownTexts: Set<String> = [
        "version", "state", "reasons", "upstream.host", "upstream.lastError.message", "limiter.why",
        "lastReload.problems", "lastReload.keysForRestart",
    ]

    /// Reads the JSON text of a `getStatus` result.
    init(_ json: [UInt8]) throws(JSONSyntaxError) { read(try JSONTree(json: json), name: "", table: "") }

    /// - Parameter table: The name without the places in arrays.
    private mutating func read(_ value: JSONTree, name: String, table: String) {
        switch value {
        case .object(let members) where !members.isEmpty:
            for member in members {
                let dot = name.isEmpty ? "" : "."
                read(member.value, name: name + dot + member.key, table: table + dot + member.key)
            }
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() { read(element, name: "\(name)[\(index)]", table: table) }
        case .object: rows.append((name, "{}"))
        case .array: rows.append((name, "[]"))
        case .null: rows.append((name, "null"))
        case .boolean(let flag): rows.append((name, "\(flag)"))
        case .number(let digits): rows.append((name, digits))
        case .string(let text): rows.append((name, Self.knownTexts.contains(table) ? text : Redaction.mark))
        }
    }

    /// The values, one a line, aligned.
    var lines: [String] {
        let width = rows.map { TerminalText.width($0.name) }.max() ?? 0
        return rows.map { "\(TerminalText.pad($0.name, to: width))  \($0.text)" }
    }
}

import JSONRPC
import JSONTokens

/// A param that is an integer: what is read and what is described come from the same bounds.
struct IntegerParam: Sendable {
    let name: StaticString
    /// The values that are allowed.
    let range: ClosedRange<Int64>
    /// The value if none is given.
    let usual: Int64
    /// What it means, for a person.
    let meaning: String

    /// Reads a value.
    /// - Throws: `-32602` that says what is allowed.
    func read(_ reader: inout JSONReader) throws -> Int64 {
        guard try reader.peek() == .number else { throw refusal("must be a number") }
        guard let value = try reader.integer(), range.contains(value) else { throw refusal("out of range") }
        return value
    }

    private func refusal(_ why: String) -> ErrorObject {
        let allowed = "allowed are integers from \(range.lowerBound) to \(range.upperBound)"
        return .invalidParams("\(why); \(allowed)", path: name.description)
    }

    var description: ParamDescription {
        ParamDescription(
            name: name.description, isRequired: false,
            schema: Schema.integer(meaning, range).adding("default", .integer(usual)))
    }
}

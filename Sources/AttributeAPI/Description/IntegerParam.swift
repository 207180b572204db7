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
        let allowed = "allowed are integers from \(range.lowerBound) to \(range.upperBound)"
        guard try reader.peek() == .number else {
            throw ErrorObject.invalidParams("must be a number; \(allowed)", path: name.description)
        }
        guard let value = try reader.integer(), range.contains(value) else {
            throw ErrorObject.invalidParams("out of range; \(allowed)", path: name.description)
        }
        return value
    }

    var description: ParamDescription {
        ParamDescription(
            name: name.description, isRequired: false,
            schema: Schema.integer(meaning, range).adding("default", .integer(usual)))
    }
}

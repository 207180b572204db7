import JSONRPC
import JSONTokens

/// A param that is true or false.
struct BooleanParam: Sendable {
    let name: StaticString
    /// The value if none is given.
    let usual: Bool
    /// What it means, for a person.
    let meaning: String

    /// Reads a value.
    /// - Throws: `-32602` that says what is allowed.
    func read(_ reader: inout JSONReader) throws -> Bool {
        guard try reader.peek() == .boolean else {
            throw ErrorObject.invalidParams("must be true or false", path: name.description)
        }
        let token = try reader.skipValue()
        return reader.bytes[token.lowerBound] == UInt8(ascii: "t")
    }

    var description: ParamDescription {
        ParamDescription(
            name: name.description, isRequired: false,
            schema: Schema.boolean(meaning).adding("default", .boolean(usual)))
    }
}

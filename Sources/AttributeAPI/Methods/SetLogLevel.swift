import JSONRPC
import JSONTokens

/// `setLogLevel`: what is logged from now on.
public enum SetLogLevel {
    /// The levels, from the one at which most is logged.
    public static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    private static let name: StaticString = "level"

    /// Reads the level.
    /// - Throws: `-32602` that says what is allowed.
    public static func level(_ params: JSONRPC.Params) throws(ErrorObject) -> String {
        var level: String?
        try params.read([name]) { _, reader in
            guard try reader.peek() == .string else { throw refusal }
            let token = try reader.string()
            level = String(decoding: reader.identity(token), as: UTF8.self)
        }
        guard let level, levels.contains(level) else { throw refusal }
        return level
    }

    private static var refusal: ErrorObject {
        .invalidParams("must be one of \(levels.joined(separator: ", "))", path: name.description)
    }

    /// The JSON text of the result.
    public static func result(level: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key(name)
            json.string(level)
        }
        return json.bytes
    }

    static let description = MethodDescription(
        summary: "Sets what is logged, until the next reload.",
        details: "Only for administrators, as reload.",
        params: [
            ParamDescription(
                name: name.description, isRequired: true, schema: Schema.choice("The least that is logged.", levels))
        ],
        result: Schema.object("The level in force.", ["level": Schema.choice("The level.", levels)]),
        example: .init(params: ["level": "debug"], result: ["level": "debug"]))
}

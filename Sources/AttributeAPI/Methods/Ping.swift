import JSONRPC

/// `ping`: whether the daemon's event loop turns.
public enum Ping {
    /// The JSON text of the result.
    public static let result = Array("\"pong\"".utf8)

    /// Checks that there are no params.
    public static func check(_ params: JSONRPC.Params) throws(ErrorObject) {
        try params.read([]) { _, _ in }
    }

    static let description = MethodDescription(
        summary: "Whether the daemon answers. Nothing is asked of upstream.",
        result: Schema.choice("Always the same.", ["pong"]),
        example: .init(params: [:], result: "pong"))
}

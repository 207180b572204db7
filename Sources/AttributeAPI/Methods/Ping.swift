/// `ping`: whether the daemon's event loop turns.
public enum Ping {
    /// The JSON text of the result.
    public static let result = Array("\"pong\"".utf8)

    static let description = MethodDescription(
        summary: "Whether the daemon answers. Nothing is asked of upstream.",
        result: Schema.choice("Always the same.", ["pong"]),
        example: .init(params: [:], result: "pong"))
}

import JSONTokens

/// `reload`: the configuration and the key are read again.
public enum Reload {
    /// The JSON text of the result.
    /// - Parameter keysForRestart: Keys whose new values wait for a restart.
    public static func result(keysForRestart: [String]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("keysForRestart")
            json.array { json in
                for key in keysForRestart { json.string(key) }
            }
        }
        return json.bytes
    }

    static let description = MethodDescription(
        summary: "Reads the configuration and the secret key again.",
        details: """
            Only for administrators: on the socket admin, or for the daemon's own user where it was started with --socket. No connection and no \
            request is dropped. If the new configuration cannot be used, the error says why, and the old one stays.
            """,
        result: Schema.object(
            "The new configuration is in force.",
            [
                "keysForRestart": Schema.array(
                    "Keys whose change waits for a restart.", of: Schema.string("A key."))
            ]),
        errors: [.misconfigured, .shuttingDown], example: .init(params: [:], result: ["keysForRestart": []]))
}

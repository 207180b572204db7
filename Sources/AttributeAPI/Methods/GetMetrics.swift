import JSONTokens

/// `getMetrics`: what a monitoring system wants to know, as the text of OpenMetrics.
public enum GetMetrics {
    /// What the text is, in the terms of HTTP.
    public static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    /// The JSON text of the result.
    public static func result(body: [UInt8]) -> [UInt8] {
        var json = JSONWriter(capacity: body.count + body.count / 8 + 128)
        json.object { json in
            json.key("contentType")
            json.string(contentType)
            json.key("body")
            json.string(body)
        }
        return json.bytes
    }

    static let description = MethodDescription(
        summary: "All metrics, as a text for a monitoring system.",
        details: """
            Served in every state. No account and no secret is in it, and users (by uid) only for administrators. Numbers can be a \
            tenth of a second old.
            """,
        result: Schema.object(
            "The metrics.",
            [
                "contentType": Schema.choice("The format of the body: OpenMetrics 1.0.", [contentType]),
                "body": Schema.string("The text, of many lines, with # EOF as the last one."),
            ]),
        example: nil)
}

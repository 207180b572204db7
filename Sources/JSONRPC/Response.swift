import JSONTokens

/// The answer to one request.
public struct Response: Sendable {
    /// What the answer says.
    public enum Outcome: Sendable {
        /// A result: the JSON text of one value on one line.
        case result([UInt8])
        /// An error.
        case error(ErrorObject)
    }

    /// The request's id, or null.
    public let id: RequestID
    /// What it says.
    public let outcome: Outcome

    /// Describes an answer.
    public init(id: RequestID, _ outcome: Outcome) {
        self.id = id
        self.outcome = outcome
    }

    /// The answer's JSON text, on one line, without the line feed.
    public var json: [UInt8] {
        var size = 64 + id.token.count
        if case .result(let value) = outcome { size += value.count }
        var json = JSONWriter(capacity: size)
        json.object { json in
            json.key("jsonrpc")
            json.string("2.0")
            json.key("id")
            json.raw(id.token)
            switch outcome {
            case .result(let value):
                json.key("result")
                json.raw(value)
            case .error(let error):
                json.key("error")
                error.write(to: &json)
            }
        }
        return json.bytes
    }
}

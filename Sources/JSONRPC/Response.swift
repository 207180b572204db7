import JSONTokens

/// The answer to one request.
public struct Response: Sendable {
    /// What the answer says.
    public enum Outcome: Sendable {
        /// A result: the JSON text of one value on one line.
        case result([UInt8])
        /// An error. It is large, so it is kept aside: results, which are many, are handed on from place to place.
        indirect case error(ErrorObject)
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
        var json: [UInt8] = []
        append(to: &json)
        return json
    }

    /// Appends ``json``.
    public func append(to json: inout [UInt8]) {
        json.append(#"{"jsonrpc":"2.0","id":"#)
        json.append(id.token.span)
        switch outcome {
        case .result(let value):
            json.append(#","result":"#)
            json.append(value.span)
        case .error(let error):
            json.append(#","error":"#)
            var writer = JSONWriter()
            error.write(to: &writer)
            json.append(contentsOf: writer.bytes)
        }
        json.append(UInt8(ascii: "}"))
    }
}

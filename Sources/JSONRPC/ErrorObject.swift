import JSONTokens

/// An error as JSON-RPC sends it: `code`, `message`, and `data` with what a program needs to go on.
public struct ErrorObject: Error, Hashable, Sendable {
    /// Who found the error.
    public enum Source: String, CaseIterable, Hashable, Sendable { case daemon, upstream }

    /// A JSON-RPC code, a code of the daemon, or upstream's own `ErrorCode`.
    public var code: Int
    /// One sentence for a person; never a secret.
    public var message: String
    /// Who found it.
    public var source: Source = .daemon
    /// Whether the same request may succeed later without a change by a person.
    public var retryable = false
    /// Upstream's text, redacted and cut.
    public var errorInfo: String?
    /// Calls that were made for it.
    public var attempts: Int?
    /// Milliseconds before which asking again is of no use.
    public var retryAfterMs: Int64?
    /// Which param was wrong, such as `To_Account[3]`.
    public var path: String?
    /// The operator's rule that refused it.
    public var rule: String?
    /// The limit that was reached: its value and its configuration key.
    public var limit: Limit?
    /// Accounts of the request whose answers were fetched all the same.
    public var fetched: Int?
    /// Accounts of the request that failed, each as the JSON text of an object; the first 100.
    public var failed: [[UInt8]]?
    /// The upstream call, as the log names it.
    public var callID: String?
    /// The number in that call's query, by which the vendor's support finds it.
    public var random: UInt32?
    /// Our clock less the upstream server's, in seconds.
    public var clockSkewSeconds: Int64?

    /// A limit that a request reached.
    public struct Limit: Hashable, Sendable {
        /// Its configuration key or, for a fixed one, its name.
        public var name: String
        /// Its value.
        public var value: Int

        /// Names a limit.
        public init(_ name: String, _ value: Int) {
            self.name = name
            self.value = value
        }
    }

    /// Describes an error found by the daemon.
    public init(code: Int, message: String, retryable: Bool = false, source: Source = .daemon) {
        self.code = code
        self.message = message
        self.retryable = retryable
        self.source = source
    }

    /// The codes that JSON-RPC 2.0 defines.
    public enum StandardCode: Int, CaseIterable, Hashable, Sendable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParams = -32602
        case internalError = -32603

        var title: String {
            switch self {
            case .parseError: "Parse error"
            case .invalidRequest: "Invalid Request"
            case .methodNotFound: "Method not found"
            case .invalidParams: "Invalid params"
            case .internalError: "Internal error"
            }
        }
    }

    /// Bytes of detail in a message; what a caller wrote may be quoted there, and can be a whole line long.
    public static let maximumDetailLength = 512
    /// Bytes of a path.
    public static let maximumPathLength = 128

    /// One of JSON-RPC's own errors, with what was wrong (cut at ``maximumDetailLength``) after the specification's
    /// message.
    public init(_ code: StandardCode, _ detail: String? = nil) {
        let detail = detail.map { ": " + $0.cut(at: Self.maximumDetailLength) }
        self.init(code: code.rawValue, message: code.title + (detail ?? ""))
    }

    /// `-32602`, with the param at fault (cut at ``maximumPathLength``).
    public static func invalidParams(_ detail: String, path: String) -> ErrorObject {
        let path = path.cut(at: maximumPathLength)
        var error = ErrorObject(.invalidParams, "\(path): \(detail)")
        error.path = path
        return error
    }

    /// The code of ``overloaded(_:retryAfterMs:)``, in the range that JSON-RPC 2.0 leaves to servers.
    public static let overloadedCode = -32000

    /// `-32000`, with the limit that is reached.
    public static func overloaded(_ limit: Limit, retryAfterMs: Int64) -> ErrorObject {
        var error = ErrorObject(
            code: overloadedCode, message: "overloaded: \(limit.name) is \(limit.value); try again later",
            retryable: true)
        error.limit = limit
        error.retryAfterMs = retryAfterMs
        return error
    }

    /// Writes the error object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("code")
            json.integer(code)
            json.key("message")
            json.string(message)
            json.key("data")
            json.object(writeData)
        }
    }

    private func writeData(to json: inout JSONWriter) {
        json.key("source")
        json.string(source.rawValue)
        json.key("retryable")
        json.boolean(retryable)
        json.member("ErrorInfo", errorInfo) { $0.string($1) }
        json.member("attempts", attempts) { $0.integer($1) }
        json.member("retryAfterMs", retryAfterMs) { $0.integer($1) }
        json.member("path", path) { $0.string($1) }
        json.member("rule", rule) { $0.string($1) }
        json.member("limit", limit?.value) { $0.integer($1) }
        json.member("limitName", limit?.name) { $0.string($1) }
        json.member("fetched", fetched) { $0.integer($1) }
        json.member("failed", failed) { json, failed in json.array { for object in failed { $0.raw(object) } } }
        json.member("callId", callID) { $0.string($1) }
        json.member("random", random) { $0.integer($1) }
        json.member("clockSkewSeconds", clockSkewSeconds) { $0.integer($1) }
    }
}

extension String {
    /// As much as fits into a number of UTF-8 bytes without parting a scalar, with an ellipsis if that is not all.
    fileprivate func cut(at length: Int) -> String {
        guard var end = utf8.index(startIndex, offsetBy: length, limitedBy: endIndex), end < endIndex else {
            return self
        }
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { utf8.formIndex(before: &end) }
        return String(self[..<end]) + "…"
    }
}

extension JSONWriter {
    /// Writes a member of an object if there is a value for it.
    public mutating func member<Value>(
        _ key: StaticString, _ value: Value?, _ write: (inout JSONWriter, Value) -> Void
    ) {
        guard let value else { return }
        self.key(key)
        write(&self, value)
    }
}

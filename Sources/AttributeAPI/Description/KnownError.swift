import JSONRPC

/// An error of which the code says what it is.
enum KnownError: Hashable, Sendable {
    /// One that JSON-RPC 2.0 defines.
    case standard(ErrorObject.StandardCode)
    /// One of the daemon's own.
    case daemon(DaemonErrorCode)

    static let all = ErrorObject.StandardCode.allCases.map(Self.standard) + DaemonErrorCode.allCases.map(Self.daemon)

    var code: Int {
        switch self {
        case .standard(let code): code.rawValue
        case .daemon(let code): code.rawValue
        }
    }

    var isRetryable: Bool {
        switch self {
        case .standard: false
        case .daemon(let code): code.isRetryable
        }
    }

    /// The name under `components.errors`.
    var name: String {
        switch self {
        case .standard(.parseError): "parseError"
        case .standard(.invalidRequest): "invalidRequest"
        case .standard(.methodNotFound): "methodNotFound"
        case .standard(.invalidParams): "invalidParams"
        case .standard(.internalError): "internalError"
        case .daemon(.overloaded): "overloaded"
        case .daemon(.deadlineExceeded): "deadlineExceeded"
        case .daemon(.upstreamUnreachable): "upstreamUnreachable"
        case .daemon(.accessDenied): "accessDenied"
        case .daemon(.shuttingDown): "shuttingDown"
        case .daemon(.misconfigured): "misconfigured"
        case .daemon(.cancelled): "cancelled"
        }
    }

    /// When it comes, and what to do.
    var meaning: String {
        switch self {
        case .standard(.parseError): "The line is not JSON, or not UTF-8."
        case .standard(.invalidRequest): "The line is no request of JSON-RPC 2.0, or is too long."
        case .standard(.methodNotFound): "There is no such method."
        case .standard(.invalidParams): "A param is missing, unknown, of another type or out of range; path says which."
        case .standard(.internalError): "Something that should not happen; the log has more."
        case .daemon(.overloaded): "A limit is met, which limitName and limit tell; come back after retryAfterMs."
        case .daemon(.deadlineExceeded): "timeoutMs has passed, or is certain to; what was fetched can be held."
        case .daemon(.upstreamUnreachable):
            "Upstream cannot be reached, or answers with an HTTP status or a text that it does not document."
        case .daemon(.accessDenied): "The caller's user and groups match no rule of the daemon's allow list."
        case .daemon(.shuttingDown): "The daemon stops; repeat the request on a new connection."
        case .daemon(.misconfigured): "The daemon has no usable configuration or credential; its log says which."
        case .daemon(.cancelled): "The caller took the request back with $/cancelRequest."
        }
    }

    /// Members of `data` that come with it, beside `source` and `retryable`.
    var members: [String] {
        switch self {
        case .standard(.parseError), .standard(.methodNotFound), .standard(.internalError): []
        case .standard(.invalidRequest): ["limit", "limitName"]
        case .standard(.invalidParams): ["path", "limit", "limitName"]
        case .daemon(.overloaded): ["limit", "limitName", "retryAfterMs"]
        case .daemon(.deadlineExceeded): ["fetched", "retryAfterMs"]
        case .daemon(.upstreamUnreachable): ["attempts", "retryAfterMs", "fetched", "failed", "callId"]
        case .daemon(.shuttingDown): ["retryAfterMs", "fetched"]
        case .daemon(.accessDenied), .daemon(.misconfigured), .daemon(.cancelled): []
        }
    }

    /// OpenRPC's Error Object. `data` is what is the same each time; the schema has all that can be there.
    var json: JSONTree {
        [
            "code": .integer(code), "message": .string(meaning),
            "data": ["source": "daemon", "retryable": .boolean(isRetryable)],
            "x-name": .string(name),
            "x-dataMembers": .array(members.map(JSONTree.string)),
            "x-dataSchema": Schema.reference(Self.dataSchemaName),
        ]
    }

    var reference: JSONTree { ["$ref": .string("#/components/errors/\(name)")] }
}

extension KnownError {
    static let dataSchemaName = "ErrorData"

    /// The schema of an error's `data`.
    static let dataSchema = Schema.object(
        "What a program needs to go on after an error.",
        optional: [
            "ErrorInfo", "attempts", "retryAfterMs", "path", "limit", "limitName", "fetched", "failed", "callId",
            "clockSkewSeconds",
        ],
        [
            "source": Schema.choice("Who found the error.", ErrorObject.Source.allCases.map(\.rawValue)),
            "retryable": Schema.boolean("The same request may succeed later without anybody changing anything."),
            "ErrorInfo": Schema.string("Upstream's own words, cut at 512 bytes."),
            "attempts": Schema.count("Calls that were made for it."),
            "retryAfterMs": Schema.count("Milliseconds before which asking again is of no use."),
            "path": Schema.string("The param at fault, such as To_Account[3]."),
            "limit": Schema.count("The value of the limit that was met."),
            "limitName": Schema.string("The name of that limit: a configuration key, or one of the fixed ones."),
            "fetched": Schema.count("Accounts of the request whose answers came all the same."),
            "failed": Schema.array(
                "The first accounts that failed.", of: Schema.reference(GetAttrs.accountErrorSchemaName), maximum: 100),
            "callId": Schema.string("The upstream call, as the daemon's log names it."),
            "clockSkewSeconds": Schema.integer("The daemon's clock less the upstream server's."),
        ])
}

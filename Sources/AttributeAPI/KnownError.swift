import AttributeValues
import JSONRPC

/// An error of which the code says what it is: a row of the one table of errors.
public struct KnownError: Hashable, Sendable {
    /// The code.
    public let code: Int
    /// The name under `components.errors`.
    let name: String
    /// Whether the same request may succeed later without a change by a person.
    public let isRetryable: Bool
    /// What a program ends with that asked in vain (sysexits(3)).
    public let exitStatus: Int32
    /// When it comes, and what to do.
    let meaning: String
    /// Members of `data` that come with it, beside `source` and `retryable`.
    let members: [String]

    private init(
        _ code: Int, _ name: String, retryable: Bool = false, exitStatus: Int32, _ meaning: String,
        members: [String] = []
    ) {
        self.code = code
        self.name = name
        isRetryable = retryable
        self.exitStatus = exitStatus
        self.meaning = meaning
        self.members = members
    }
}

// MARK: The table

extension KnownError {
    /// A limit is reached; `retryAfterMs` says when to come back.
    public static let overloaded = KnownError(
        ErrorObject.overloadedCode, "overloaded", retryable: true, exitStatus: 75,
        "A limit is reached: limitName and limit say which one, and rule names the rule if it is a limit of a rule; try "
            + "again after retryAfterMs.",
        members: ["limit", "limitName", "rule", "retryAfterMs"])
    /// Time ran out, or is certain to.
    public static let deadlineExceeded = KnownError(
        -32001, "deadlineExceeded", retryable: true, exitStatus: 75,
        "timeoutMs has passed, or is certain to; what was fetched can be held.", members: ["fetched", "retryAfterMs"])
    /// Upstream cannot be reached, or does not answer as documented.
    public static let upstreamUnreachable = KnownError(
        CallFailure.unreachable, "upstreamUnreachable", retryable: true, exitStatus: 75,
        "Upstream cannot be reached, or answers with an HTTP status or a text that it does not document.",
        members: ["attempts", "retryAfterMs", "fetched", "failed", "callId", "random"])
    /// The caller is not allowed to ask.
    public static let accessDenied = KnownError(
        -32003, "accessDenied", exitStatus: 77,
        "The operator has not allowed it to this caller: its user, its groups and its socket match no rule, or the rule "
            + "that data names does not allow the method, or the account at path.",
        members: ["rule", "path"])
    /// The daemon stops.
    public static let shuttingDown = KnownError(
        -32004, "shuttingDown", retryable: true, exitStatus: 75,
        "The daemon stops; repeat the request on a new connection.", members: ["retryAfterMs", "fetched"])
    /// The daemon has no usable configuration or credential.
    public static let misconfigured = KnownError(
        -32005, "misconfigured", exitStatus: 78,
        "The daemon has no usable configuration or credential; its log says which.")
    /// The caller cancelled the request.
    public static let cancelled = KnownError(
        -32800, "cancelled", exitStatus: 70, "The caller cancelled the request with $/cancelRequest.")

    /// The daemon's own errors.
    public static let daemon = [
        overloaded, deadlineExceeded, upstreamUnreachable, accessDenied, shuttingDown, misconfigured, cancelled,
    ]

    /// One that JSON-RPC 2.0 defines.
    static func standard(_ code: ErrorObject.StandardCode) -> KnownError {
        switch code {
        case .parseError:
            // The daemon could not read a line that was JSON.
            KnownError(code.rawValue, "parseError", exitStatus: 76, "The line is not JSON, or not UTF-8.")
        case .invalidRequest:
            KnownError(
                code.rawValue, "invalidRequest", exitStatus: 64,
                "The line is not a request of JSON-RPC 2.0, or is too long.", members: ["limit", "limitName"])
        case .methodNotFound:
            KnownError(code.rawValue, "methodNotFound", exitStatus: 64, "The method does not exist.")
        case .invalidParams:
            KnownError(
                code.rawValue, "invalidParams", exitStatus: 64,
                "A param is missing, unknown, of another type or out of range; path says which.",
                members: ["path", "limit", "limitName"])
        case .internalError:
            KnownError(
                code.rawValue, "internalError", exitStatus: 70, "Something that should not happen; the log has more.")
        }
    }

    /// All errors.
    static let all = ErrorObject.StandardCode.allCases.map(standard) + daemon

    /// The error with a code; nil if the code is upstream's, or a later daemon's.
    public static func withCode(_ code: Int) -> KnownError? { all.first { $0.code == code } }
}

extension ErrorObject {
    /// One of the daemon's own errors.
    public init(_ error: KnownError, _ message: String) {
        self.init(code: error.code, message: message, retryable: error.isRetryable)
    }
}

// MARK: As OpenRPC describes it

extension KnownError {
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

    static let dataSchemaName = "ErrorData"

    /// The schema of an error's `data`.
    static let dataSchema = Schema.object(
        "What a program needs to go on after an error.",
        optional: [
            "ErrorInfo", "attempts", "retryAfterMs", "path", "rule", "limit", "limitName", "fetched", "failed",
            "callId",
            "random", "clockSkewSeconds",
        ],
        [
            "source": Schema.choice("Who found the error.", ErrorObject.Source.allCases.map(\.rawValue)),
            "retryable": Schema.boolean("The same request may succeed later without anybody changing anything."),
            "ErrorInfo": Schema.string("Upstream's own words, cut at 512 bytes."),
            "attempts": Schema.count("Calls that were made for it."),
            "retryAfterMs": Schema.count("Milliseconds before which asking again is of no use."),
            "path": Schema.string("The param at fault, such as To_Account[3]."),
            "rule": Schema.string(
                "The name of the operator's rule that refused it, or that sets the limit that was met."),
            "limit": Schema.count("The value of the limit that was met."),
            "limitName": Schema.string("The name of that limit: a configuration key, or one of the fixed ones."),
            "fetched": Schema.count("Accounts of the request that were answered although it failed."),
            "failed": Schema.array(
                "The first accounts that failed.", of: Schema.reference(GetAttrs.accountErrorSchemaName), maximum: 100),
            "callId": Schema.string("The upstream call, as the daemon's log names it."),
            "random": Schema.count("The number in that call's query, by which Tencent's support finds it."),
            "clockSkewSeconds": Schema.integer("The daemon's clock less the upstream server's."),
        ])
}

import AttributeValues
import JSONRPC
import JSONTokens

extension GetAttrs {
    // MARK: Params, in the order in which they are given by position

    static let accountsName: StaticString = "To_Account"
    static let timeoutMs = IntegerParam(
        name: "timeoutMs", range: 1...600_000, usual: 30_000,
        meaning: "Milliseconds that the caller will wait in all. A request that has expired starts no upstream call.")
    static let maxAgeMs = IntegerParam(
        name: "maxAgeMs", range: 0...3_600_000, usual: 0,
        meaning: "Milliseconds that an answer which the daemon holds already may be old; 0 asks upstream.")
    static let partial = BooleanParam(
        name: "partial", usual: false,
        meaning: "If some accounts fail, answer with those that were fetched, and list the others in failed.")
    static let names = [accountsName, timeoutMs.name, maxAgeMs.name, partial.name]

    static func description(_ limits: LimitsInForce) -> MethodDescription {
        let accounts = ParamDescription(
            name: accountsName.description, isRequired: true,
            schema: Schema.array(
                "The accounts. One that is named again is answered once.", of: accountSchema,
                maximum: limits[.maxAccountsPerRequest]))
        return MethodDescription(
            summary: "The attributes of any number of accounts.",
            details: """
                Requests of all callers share upstream calls of up to 100 accounts. If one of a request's calls fails, \
                the answer is that error, whose data says how many accounts were fetched and which failed; repeating \
                the request with maxAgeMs asks only for the rest. With partial it is a result with what was fetched, \
                and failed has the others; it is an error only if no account was answered at all.
                """,
            params: [accounts, timeoutMs.description, maxAgeMs.description, partial.description],
            result: resultSchema,
            errors: [.deadlineExceeded, .upstreamUnreachable, .shuttingDown, .misconfigured, .cancelled],
            hasUpstreamErrors: true,
            example: .init(
                params: ["To_Account": ["Zhang Xiaohong", "abc"], "timeoutMs": 5000],
                result: [
                    "UserAttrs": [
                        ["To_Account": "Zhang Xiaohong", "Attrs": ["sex": "Female", "city": "New York"]]
                    ],
                    "missing": ["abc"],
                ]))
    }

    // MARK: Schemas

    /// Written out wherever it is used: generators of clients make a type of each named schema, and fail at one that is not an object. JSON Schema
    /// counts characters, of which each has at least one byte.
    static let accountSchema: JSONTree = [
        "type": "string",
        "description": .string(
            "An account: \(Account.allowedLength.lowerBound) to \(Account.allowedLength.upperBound) bytes of UTF-8. Two "
                + "are the same if their bytes are."),
        "minLength": .integer(Account.allowedLength.lowerBound),
        "maxLength": .integer(Account.allowedLength.upperBound),
        "x-maxBytes": .integer(Account.allowedLength.upperBound),
    ]

    static let accountErrorSchemaName = "AccountError"
    static let accountErrorSchema = Schema.object(
        "Why there is no answer for an account.", optional: ["ErrorCode", "ErrorInfo", "random"],
        [
            "To_Account": accountSchema,
            "ErrorCode": Schema.integer("Tencent's code, or one of the daemon's."),
            "ErrorInfo": Schema.string("The reason, for a person."),
            "random": Schema.count("The number in the query of the call that failed."),
        ])

    static let failedAccountSchemaName = "FailedAccount"
    static let failedAccountSchema = Schema.object(
        "An account of a partial result that failed, with what its error would have said.",
        optional: ["ErrorInfo", "retryAfterMs", "callId", "random"],
        [
            "To_Account": accountSchema,
            "code": Schema.integer("Tencent's code, or one of the daemon's."),
            "message": Schema.string("The reason, for a person."),
            "retryable": Schema.boolean("The same request may succeed later without anybody changing anything."),
            "ErrorInfo": Schema.string("Upstream's own words, cut at 512 bytes."),
            "retryAfterMs": Schema.count("Milliseconds before which asking again is of no use."),
            "callId": Schema.string("The upstream call, as the daemon's log names it."),
            "random": Schema.count("The number in that call's query, by which Tencent's support finds it."),
        ])

    private static let resultSchema = Schema.object(
        "What upstream answered.", optional: ["ErrorList", "failed"],
        [
            "UserAttrs": Schema.array(
                "The accounts that upstream answered, in the order in which the request first named them.",
                of: Schema.object(
                    "One account.",
                    [
                        "To_Account": accountSchema,
                        "Attrs": Schema.map("The attributes, as upstream wrote them.", of: [:]),
                    ])),
            "missing": Schema.array(
                "The accounts that upstream did not answer, in the same order.",
                of: accountSchema),
            "ErrorList": Schema.array(
                "Upstream's reasons for accounts that it did not answer, if it gave any.",
                of: Schema.reference(accountErrorSchemaName)),
            "failed": Schema.array(
                "With partial: the accounts that failed, in the same order. They are not in missing.",
                of: Schema.reference(failedAccountSchemaName)),
        ])
}

/// A param that is an integer: what is read and what is described come from the same bounds.
struct IntegerParam: Sendable {
    let name: StaticString
    /// The values that are allowed.
    let range: ClosedRange<Int64>
    /// The value if none is given.
    let usual: Int64
    /// What it means, for a person.
    let meaning: String

    /// Reads a value.
    /// - Throws: `-32602` that says what is allowed.
    func read(_ reader: inout JSONReader) throws -> Int64 {
        guard try reader.peek() == .number else { throw refusal("must be a number") }
        guard let value = try reader.integralNumber(), range.contains(value) else { throw refusal("out of range") }
        return value
    }

    private func refusal(_ why: String) -> ErrorObject {
        let allowed = "allowed are integers from \(range.lowerBound) to \(range.upperBound)"
        return .invalidParams("\(why); \(allowed)", path: name.description)
    }

    var description: ParamDescription {
        ParamDescription(
            name: name.description, isRequired: false,
            schema: Schema.integer(meaning, range).adding("default", .integer(usual)))
    }
}

/// A param that is true or false.
struct BooleanParam: Sendable {
    let name: StaticString
    /// The value if none is given.
    let usual: Bool
    /// What it means, for a person.
    let meaning: String

    /// Reads a value.
    /// - Throws: `-32602` that says what is allowed.
    func read(_ reader: inout JSONReader) throws -> Bool {
        guard try reader.peek() == .boolean else {
            throw ErrorObject.invalidParams("must be true or false", path: name.description)
        }
        let token = try reader.skipValue()
        return reader.bytes[token.lowerBound] == UInt8(ascii: "t")
    }

    var description: ParamDescription {
        ParamDescription(
            name: name.description, isRequired: false,
            schema: Schema.boolean(meaning).adding("default", .boolean(usual)))
    }
}

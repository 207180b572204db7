/// `getStatus`: what state the daemon is in, and why.
public enum GetStatus {
    /// The states of the daemon.
    public enum State: String, CaseIterable, Sendable {
        /// Requests are served.
        case ready
        /// Requests are taken, but upstream or our credential keeps them from being served well.
        case degraded
        /// There is no usable configuration or credential.
        case misconfigured
        /// The daemon finishes its calls and takes no more requests.
        case stopping
    }

    /// What a caller may do.
    public enum Access: String, CaseIterable, Sendable {
        /// Everything, since no rule is for it: root, where there are rules.
        case all
        /// What its rule allows.
        case rule
        /// To ask for this alone.
        case none
    }
}

extension GetStatus {
    static let description = MethodDescription(
        summary: "What state the daemon is in, and why; what it is doing and has done.",
        details: """
            Served in every state, also when the daemon is misconfigured. Never has a secret in it. Numbers can be a \
            tenth of a second old; state, reasons and lastReload are current.
            """,
        result: resultSchema, example: nil)

    /// What depends on a configuration is absent while there is none.
    private static let resultSchema = Schema.object(
        "The state.",
        // A caller that no rule is for is given nothing of the calls either.
        optional: ["upstream", "limiter", "queue", "held", "counters", "userSig", "lastReload", "caller"],
        [
            "version": Schema.string("The daemon's version."),
            "pid": Schema.count("Its process."),
            "uptimeSeconds": Schema.count("Seconds since it was started."),
            "state": Schema.choice("The state.", State.allCases.map(\.rawValue)),
            "reasons": Schema.array("Why it is not ready.", of: Schema.string("A reason.")),
            "connections": Schema.count("Open connections."),
            "bufferedBytes": Schema.count("Bytes of answers that wait to be read."),
            "door": door,
            "requests": Schema.map("Requests so far by method; unknown methods are under unknown.", of: count),
            "upstream": upstream, "limiter": limiter, "queue": queue,
            "held": Schema.object(
                "Answers held for maxAgeMs.",
                ["answers": Schema.count("How many."), "bytes": Schema.count("Their size.")]),
            "counters": counters,
            "userSig": Schema.object(
                "The UserSig in use.", optional: ["keySource"],
                [
                    "expiresAt": [
                        "type": ["integer", "null"],
                        "description": "Seconds since 1970; null before the first call.",
                    ],
                    "keySource": Schema.string(
                        "Where the key is: credential or secretKeyFile (the daemon has it), or signer."),
                ]),
            "lastReload": reload,
            "caller": caller,
        ])

    private static let caller = Schema.object(
        "Where the operator has rules: who asks, and by which rule.", optional: ["because", "rule"],
        [
            "uid": Schema.count("The user."),
            "socket": Schema.string("The socket that it came by: rpc, or rpc-NAME."),
            "access": Schema.choice(
                "What it may do: all, what its rule allows, or none.", Access.allCases.map(\.rawValue)),
            "because": Schema.string("Why the rule is for it: what the rule names, such as group:backend."),
            "rule": rule,
        ])

    /// A rule, its limits and its use.
    static let rule = Schema.object(
        "A rule. What is absent is not limited by it.",
        optional: [
            "methods", "accountPatterns", "attributes", "accountsPerSecond", "maxQueuedAccounts",
            "maxAccountsPerRequest",
            "minMaxAgeMs", "audit", "connections", "waitingAccounts", "accountsInLastSecond", "isDelayed",
        ],
        [
            "name": Schema.string("Its name."),
            "methods": Schema.array("The methods that are served.", of: Schema.string("A method.")),
            "accountPatterns": Schema.count("How many accounts and prefixes of accounts it allows."),
            "attributes": Schema.array("The attributes that are passed on.", of: Schema.string("A name.")),
            "share": Schema.count("Its weight among the rules whose accounts wait."),
            "accountsPerSecond": Schema.count("Accounts of its callers that enter calls in a second."),
            "maxQueuedAccounts": Schema.count("Accounts that wait, over all requests of its callers."),
            "maxAccountsPerRequest": Schema.count("Accounts in a request."),
            "minMaxAgeMs": Schema.count("A smaller maxAgeMs is raised to this."),
            "audit": Schema.string("What a log line is written for."),
            "connections": Schema.count("Open connections of its callers; only in getCallers."),
            "requests": Schema.count("Requests of its callers so far."),
            "accounts": Schema.count("Accounts in their getAttrs requests so far."),
            "refused": Schema.count("Requests that it has refused so far."),
            "waitingAccounts": Schema.count("Accounts of the open requests of its callers."),
            "accountsInLastSecond": Schema.count(
                "Accounts of its callers that entered calls in the last second, about."),
            "isDelayed": Schema.boolean("Whether its accounts wait because of accountsPerSecond."),
        ])

    private static let count: JSONTree = ["type": "integer", "minimum": 0]

    private static let door = Schema.object(
        "What became of connections since the start.",
        [
            "accepted": Schema.count("Connections that were served."),
            "refusedByLimit": Schema.map("Connections that were refused, by the limit that was reached.", of: count),
            "displacedByLimit": Schema.map(
                "Connections that lost their place, an unfinished line or unread answers to users with less, by limit.",
                of: count),
            "stuck": Schema.count("Connections that were closed because their callers did not read."),
            "descriptorShortages": Schema.count("Times that accepting paused because no file descriptor was left."),
            "isShortOfDescriptors": Schema.boolean("Whether accepting pauses for that now."),
        ])

    private static let upstream = Schema.object(
        "The server that is asked.", optional: ["lastError"],
        [
            "host": Schema.string("Its URL."),
            "healthy": Schema.boolean("Whether the last call went well."),
            "open": Schema.boolean("Whether calls may leave."),
            "failuresInARow": Schema.count("Failed calls since the last good one."),
            "lastError": Schema.object(
                "The last failure since the last good call.", optional: ["ErrorInfo"],
                [
                    "code": Schema.integer("Tencent's code, or one of the daemon's."),
                    "message": Schema.string("For a person."), "ErrorInfo": Schema.string("Upstream's own words."),
                ]),
        ])

    private static let limiter = Schema.object(
        "What keeps calls below the limit.", optional: ["why"],
        [
            "rateLimit": Schema.count("Calls in any second, as configured."),
            "currentLimit": Schema.count("What holds at present."),
            "why": Schema.string("Why that is less."),
            "slotsHeld": Schema.count("Calls that the server may still count."),
            "creditMs": Schema.number("The part of the round trip that is counted on, in milliseconds."),
            "callsUnderWay": Schema.count("Calls that have not been answered."),
            "maxInFlight": Schema.count("How many of them there may be."),
        ])

    private static let queue = Schema.object(
        "Who waits.", optional: ["oldestWaitingMs"],
        [
            "requests": Schema.count("Requests that have not been answered."),
            "waitingAccounts": Schema.count("Accounts that no call has left for yet, over all requests."),
            "oldestWaitingMs": Schema.count("How long the oldest of these requests has waited; absent if none does."),
            "waitingUsers": Schema.count("Users whose accounts wait; all callers of a socket rpc-NAME are one."),
            "waitingAccountsByUid": Schema.map(
                "Waiting accounts by user: the caller's own; for administrators those of the 100 users with the most.",
                of: count),
        ])

    private static let counters = Schema.object(
        "What has happened since the start.",
        [
            "calls": Schema.count("Upstream calls."), "accounts": Schema.count("Accounts in them."),
            "callsNeverSent": Schema.count("Calls for which no connection was made."),
            "retries": Schema.count("Failed calls that were repeated."),
            "signatureRenewals": Schema.count("Calls that were repeated with a new UserSig."),
            "slowDowns": Schema.count("Times that the limit was halved."),
            "isolations": Schema.count("Calls that were divided to find the account at fault."),
            "isolationCalls": Schema.count("Calls made for that."),
            "fromMemory": Schema.count("Requests that were answered from held answers alone."),
            "answered": Schema.count("Requests that were answered."),
            "failed": Schema.count("Requests that failed with their calls."),
            "expired": Schema.count("Requests whose time ran out."),
            "overloaded": Schema.count("Requests that were refused because too many accounts waited."),
            "withdrawn": Schema.count("Requests that their callers took back."),
            "stopped": Schema.count("Requests that ended because the daemon stops."),
            "unrequestedAccounts": Schema.count("Accounts in answers that no caller had asked for."),
            "accountsPerCall": Schema.number("The average."),
            "failedCallsByCode": Schema.map("Failed calls by code.", of: count),
        ])

    private static let reload = Schema.object(
        "The last reload.",
        [
            "at": Schema.count("Seconds since 1970."),
            "succeeded": Schema.boolean("Whether the new configuration is in force."),
            "problems": Schema.array("What was wrong with it.", of: Schema.string("A problem.")),
            "keysForRestart": Schema.array("Keys whose change waits for a restart.", of: Schema.string("A key.")),
        ])
}

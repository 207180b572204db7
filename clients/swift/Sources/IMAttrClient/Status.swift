// `clients/contract/status-types` prints this from the daemon's own schema.

import JSONTokens

extension Status {
    /// What became of connections since the start.
    public struct Door: Hashable, Sendable {
        /// Connections that were served.
        public var accepted = 0
        /// Connections that were refused, by the limit that was reached.
        public var refusedByLimit: [String: Int] = [:]
        /// Connections that lost their place, an unfinished line or unread answers to users with less, by limit.
        public var displacedByLimit: [String: Int] = [:]
        /// Connections that were closed because their callers did not read.
        public var stuck = 0
        /// Times that accepting paused because no file descriptor was left.
        public var descriptorShortages = 0
        /// Whether accepting pauses for that now.
        public var isShortOfDescriptors = false

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.Door: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "accepted": accepted = try reader.statusValue()
        case "refusedByLimit": refusedByLimit = try reader.statusValue()
        case "displacedByLimit": displacedByLimit = try reader.statusValue()
        case "stuck": stuck = try reader.statusValue()
        case "descriptorShortages": descriptorShortages = try reader.statusValue()
        case "isShortOfDescriptors": isShortOfDescriptors = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// The last failure since the last good call.
    public struct UpstreamLastError: Hashable, Sendable {
        /// Tencent's code, or one of the daemon's.
        public var code = 0
        /// For a person.
        public var message = ""
        /// Upstream's own words.
        public var errorInfo: String?

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.UpstreamLastError: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "code": code = try reader.statusValue()
        case "message": message = try reader.statusValue()
        case "ErrorInfo": errorInfo = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// The server that is asked.
    public struct Upstream: Hashable, Sendable {
        /// Its URL.
        public var host = ""
        /// Whether the last call went well.
        public var healthy = false
        /// Whether calls may leave.
        public var open = false
        /// Failed calls since the last good one.
        public var failuresInARow = 0
        /// The last failure since the last good call.
        public var lastError: UpstreamLastError?

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.Upstream: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "host": host = try reader.statusValue()
        case "healthy": healthy = try reader.statusValue()
        case "open": open = try reader.statusValue()
        case "failuresInARow": failuresInARow = try reader.statusValue()
        case "lastError": lastError = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// What keeps calls below the limit.
    public struct Limiter: Hashable, Sendable {
        /// Calls in any second, as configured.
        public var rateLimit = 0
        /// What holds at present.
        public var currentLimit = 0
        /// Why that is less.
        public var why: String?
        /// Calls that the server may still count.
        public var slotsHeld = 0
        /// The part of the round trip that is counted on, in milliseconds.
        public var creditMs = 0.0
        /// Calls that have not been answered.
        public var callsUnderWay = 0
        /// How many of them there may be.
        public var maxInFlight = 0

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.Limiter: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "rateLimit": rateLimit = try reader.statusValue()
        case "currentLimit": currentLimit = try reader.statusValue()
        case "why": why = try reader.statusValue()
        case "slotsHeld": slotsHeld = try reader.statusValue()
        case "creditMs": creditMs = try reader.statusValue()
        case "callsUnderWay": callsUnderWay = try reader.statusValue()
        case "maxInFlight": maxInFlight = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// Who waits.
    public struct Queue: Hashable, Sendable {
        /// Requests that have not been answered.
        public var requests = 0
        /// Accounts that no call has left for yet, over all requests.
        public var waitingAccounts = 0
        /// How long the oldest of these requests has waited; absent if none does.
        public var oldestWaitingMs: Int?
        /// Users whose accounts wait; all callers of a socket rpc-NAME are one.
        public var waitingUsers = 0
        /// Waiting accounts by user: the caller's own; for administrators those of the 100 users with the most.
        public var waitingAccountsByUid: [String: Int] = [:]

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.Queue: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "requests": requests = try reader.statusValue()
        case "waitingAccounts": waitingAccounts = try reader.statusValue()
        case "oldestWaitingMs": oldestWaitingMs = try reader.statusValue()
        case "waitingUsers": waitingUsers = try reader.statusValue()
        case "waitingAccountsByUid": waitingAccountsByUid = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// Answers held for maxAgeMs.
    public struct Held: Hashable, Sendable {
        /// How many.
        public var answers = 0
        /// Their size.
        public var bytes = 0

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.Held: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "answers": answers = try reader.statusValue()
        case "bytes": bytes = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// What has happened since the start.
    public struct Counters: Hashable, Sendable {
        /// Upstream calls.
        public var calls = 0
        /// Accounts in them.
        public var accounts = 0
        /// Calls for which no connection was made.
        public var callsNeverSent = 0
        /// Failed calls that were repeated.
        public var retries = 0
        /// Calls that were repeated with a new UserSig.
        public var signatureRenewals = 0
        /// Times that the limit was halved.
        public var slowDowns = 0
        /// Calls that were divided to find the account at fault.
        public var isolations = 0
        /// Calls made for that.
        public var isolationCalls = 0
        /// Requests that were answered from held answers alone.
        public var fromMemory = 0
        /// Requests that were answered.
        public var answered = 0
        /// Requests that failed with their calls.
        public var failed = 0
        /// Requests whose time ran out.
        public var expired = 0
        /// Requests that were refused because too many accounts waited.
        public var overloaded = 0
        /// Requests that their callers took back.
        public var withdrawn = 0
        /// Requests that ended because the daemon stops.
        public var stopped = 0
        /// Accounts in answers that no caller had asked for.
        public var unrequestedAccounts = 0
        /// The average.
        public var accountsPerCall = 0.0
        /// Failed calls by code.
        public var failedCallsByCode: [String: Int] = [:]

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.Counters: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "calls": calls = try reader.statusValue()
        case "accounts": accounts = try reader.statusValue()
        case "callsNeverSent": callsNeverSent = try reader.statusValue()
        case "retries": retries = try reader.statusValue()
        case "signatureRenewals": signatureRenewals = try reader.statusValue()
        case "slowDowns": slowDowns = try reader.statusValue()
        case "isolations": isolations = try reader.statusValue()
        case "isolationCalls": isolationCalls = try reader.statusValue()
        case "fromMemory": fromMemory = try reader.statusValue()
        case "answered": answered = try reader.statusValue()
        case "failed": failed = try reader.statusValue()
        case "expired": expired = try reader.statusValue()
        case "overloaded": overloaded = try reader.statusValue()
        case "withdrawn": withdrawn = try reader.statusValue()
        case "stopped": stopped = try reader.statusValue()
        case "unrequestedAccounts": unrequestedAccounts = try reader.statusValue()
        case "accountsPerCall": accountsPerCall = try reader.statusValue()
        case "failedCallsByCode": failedCallsByCode = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// The UserSig in use.
    public struct UserSig: Hashable, Sendable {
        /// Seconds since 1970; null before the first call.
        public var expiresAt: Int?
        /// Where the key is: credential or secretKeyFile (the daemon has it), or signer.
        public var keySource: String?

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.UserSig: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "expiresAt": expiresAt = try reader.statusValue()
        case "keySource": keySource = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// The last reload.
    public struct LastReload: Hashable, Sendable {
        /// Seconds since 1970.
        public var at = 0
        /// Whether the new configuration is in force.
        public var succeeded = false
        /// What was wrong with it.
        public var problems: [String] = []
        /// Keys whose change waits for a restart.
        public var keysForRestart: [String] = []

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.LastReload: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "at": at = try reader.statusValue()
        case "succeeded": succeeded = try reader.statusValue()
        case "problems": problems = try reader.statusValue()
        case "keysForRestart": keysForRestart = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// A rule. What is absent is not limited by it.
    public struct CallerRule: Hashable, Sendable {
        /// Its name.
        public var name = ""
        /// The methods that are served.
        public var methods: [String] = []
        /// How many accounts and prefixes of accounts it allows.
        public var accountPatterns: Int?
        /// The attributes that are passed on.
        public var attributes: [String] = []
        /// Its weight among the rules whose accounts wait.
        public var share = 0
        /// Accounts of its callers that enter calls in a second.
        public var accountsPerSecond: Int?
        /// Accounts that wait, over all requests of its callers.
        public var maxQueuedAccounts: Int?
        /// Accounts in a request.
        public var maxAccountsPerRequest: Int?
        /// A smaller maxAgeMs is raised to this.
        public var minMaxAgeMs: Int?
        /// What a log line is written for.
        public var audit: String?
        /// Open connections of its callers; only in getCallers.
        public var connections: Int?
        /// Requests of its callers so far.
        public var requests = 0
        /// Accounts in their getAttrs requests so far.
        public var accounts = 0
        /// Requests that it has refused so far.
        public var refused = 0
        /// Accounts of the open requests of its callers.
        public var waitingAccounts: Int?
        /// Accounts of its callers that entered calls in the last second, about.
        public var accountsInLastSecond: Int?
        /// Whether its accounts wait because of accountsPerSecond.
        public var isDelayed: Bool?

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.CallerRule: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "name": name = try reader.statusValue()
        case "methods": methods = try reader.statusValue()
        case "accountPatterns": accountPatterns = try reader.statusValue()
        case "attributes": attributes = try reader.statusValue()
        case "share": share = try reader.statusValue()
        case "accountsPerSecond": accountsPerSecond = try reader.statusValue()
        case "maxQueuedAccounts": maxQueuedAccounts = try reader.statusValue()
        case "maxAccountsPerRequest": maxAccountsPerRequest = try reader.statusValue()
        case "minMaxAgeMs": minMaxAgeMs = try reader.statusValue()
        case "audit": audit = try reader.statusValue()
        case "connections": connections = try reader.statusValue()
        case "requests": requests = try reader.statusValue()
        case "accounts": accounts = try reader.statusValue()
        case "refused": refused = try reader.statusValue()
        case "waitingAccounts": waitingAccounts = try reader.statusValue()
        case "accountsInLastSecond": accountsInLastSecond = try reader.statusValue()
        case "isDelayed": isDelayed = try reader.statusValue()
        default: return false
        }
        return true
    }
}

extension Status {
    /// Where the operator has rules: who asks, and by which rule.
    public struct Caller: Hashable, Sendable {
        /// The user.
        public var uid = 0
        /// The socket that it came by: rpc, or rpc-NAME.
        public var socket = ""
        /// What it may do: all, what its rule allows, or none. One of all, rule, none.
        public var access = ""
        /// Why the rule is for it: what the rule names, such as group:backend.
        public var because: String?
        /// A rule. What is absent is not limited by it.
        public var rule: CallerRule?

        /// A status that says nothing.
        public init() {}
    }
}

extension Status.Caller: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "uid": uid = try reader.statusValue()
        case "socket": socket = try reader.statusValue()
        case "access": access = try reader.statusValue()
        case "because": because = try reader.statusValue()
        case "rule": rule = try reader.statusValue()
        default: return false
        }
        return true
    }
}

/// What the daemon answered to `getStatus`: its state, limits and counters.
public struct Status: Hashable, Sendable {
    /// The daemon's version.
    public var version = ""
    /// Its process.
    public var pid = 0
    /// Seconds since it was started.
    public var uptimeSeconds = 0
    /// The state. One of ready, degraded, misconfigured, stopping.
    public var state = ""
    /// Why it is not ready.
    public var reasons: [String] = []
    /// Open connections.
    public var connections = 0
    /// Bytes of answers that wait to be read.
    public var bufferedBytes = 0
    /// What became of connections since the start.
    public var door = Door()
    /// Requests so far by method; unknown methods are under unknown.
    public var requests: [String: Int] = [:]
    /// The server that is asked.
    public var upstream: Upstream?
    /// What keeps calls below the limit.
    public var limiter: Limiter?
    /// Who waits.
    public var queue: Queue?
    /// Answers held for maxAgeMs.
    public var held: Held?
    /// What has happened since the start.
    public var counters: Counters?
    /// The UserSig in use.
    public var userSig: UserSig?
    /// The last reload.
    public var lastReload: LastReload?
    /// Where the operator has rules: who asks, and by which rule.
    public var caller: Caller?
    /// All of it as the daemon wrote it, with what this version does not know.
    public var json: [UInt8] = []

    /// A status that says nothing.
    public init() {}
}

extension Status: StatusObject {
    mutating func read(_ key: String, _ reader: inout JSONReader) throws -> Bool {
        switch key {
        case "version": version = try reader.statusValue()
        case "pid": pid = try reader.statusValue()
        case "uptimeSeconds": uptimeSeconds = try reader.statusValue()
        case "state": state = try reader.statusValue()
        case "reasons": reasons = try reader.statusValue()
        case "connections": connections = try reader.statusValue()
        case "bufferedBytes": bufferedBytes = try reader.statusValue()
        case "door": door = try reader.statusValue()
        case "requests": requests = try reader.statusValue()
        case "upstream": upstream = try reader.statusValue()
        case "limiter": limiter = try reader.statusValue()
        case "queue": queue = try reader.statusValue()
        case "held": held = try reader.statusValue()
        case "counters": counters = try reader.statusValue()
        case "userSig": userSig = try reader.statusValue()
        case "lastReload": lastReload = try reader.statusValue()
        case "caller": caller = try reader.statusValue()
        default: return false
        }
        return true
    }
}

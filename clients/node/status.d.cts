/** The types of what `getStatus` returns. `clients/contract/status-types` prints them from the daemon's own schema. */

/** What became of connections since the start. */
export interface StatusDoor {
    /** Connections that were served. */
    accepted: number;
    /** Connections that were refused, by the limit that was reached. */
    refusedByLimit: Record<string, number>;
    /** Connections that lost their place, an unfinished line or unread answers to users with less, by limit. */
    displacedByLimit: Record<string, number>;
    /** Connections that were closed because their callers did not read. */
    stuck: number;
    /** Times that accepting paused because no file descriptor was left. */
    descriptorShortages: number;
    /** Whether accepting pauses for that now. */
    isShortOfDescriptors: boolean;
}

/** The last failure since the last good call. */
export interface StatusUpstreamLastError {
    /** Tencent's code, or one of the daemon's. */
    code: number;
    /** For a person. */
    message: string;
    /** Upstream's own words. */
    ErrorInfo?: string;
}

/** The server that is asked. */
export interface StatusUpstream {
    /** Its URL. */
    host: string;
    /** Whether the last call went well. */
    healthy: boolean;
    /** Whether calls may leave. */
    open: boolean;
    /** Failed calls since the last good one. */
    failuresInARow: number;
    /** The last failure since the last good call. */
    lastError?: StatusUpstreamLastError;
}

/** What keeps calls below the limit. */
export interface StatusLimiter {
    /** Calls in any second, as configured. */
    rateLimit: number;
    /** What holds at present. */
    currentLimit: number;
    /** Why that is less. */
    why?: string;
    /** Calls that the server may still count. */
    slotsHeld: number;
    /** The part of the round trip that is counted on, in milliseconds. */
    creditMs: number;
    /** Calls that have not been answered. */
    callsUnderWay: number;
    /** How many of them there may be. */
    maxInFlight: number;
}

/** Who waits. */
export interface StatusQueue {
    /** Requests that have not been answered. */
    requests: number;
    /** Accounts that no call has left for yet, over all requests. */
    waitingAccounts: number;
    /** How long the oldest of these requests has waited; absent if none does. */
    oldestWaitingMs?: number;
    /** Users whose accounts wait; all callers of a socket rpc-NAME are one. */
    waitingUsers: number;
    /** Waiting accounts by user: the caller's own; for administrators those of the 100 users with the most. */
    waitingAccountsByUid: Record<string, number>;
}

/** Answers held for maxAgeMs. */
export interface StatusHeld {
    /** How many. */
    answers: number;
    /** Their size. */
    bytes: number;
}

/** What has happened since the start. */
export interface StatusCounters {
    /** Upstream calls. */
    calls: number;
    /** Accounts in them. */
    accounts: number;
    /** Calls for which no connection was made. */
    callsNeverSent: number;
    /** Failed calls that were repeated. */
    retries: number;
    /** Calls that were repeated with a new UserSig. */
    signatureRenewals: number;
    /** Times that the limit was halved. */
    slowDowns: number;
    /** Calls that were divided to find the account at fault. */
    isolations: number;
    /** Calls made for that. */
    isolationCalls: number;
    /** Requests that were answered from held answers alone. */
    fromMemory: number;
    /** Requests that were answered. */
    answered: number;
    /** Requests that failed with their calls. */
    failed: number;
    /** Requests whose time ran out. */
    expired: number;
    /** Requests that were refused because too many accounts waited. */
    overloaded: number;
    /** Requests that their callers took back. */
    withdrawn: number;
    /** Requests that ended because the daemon stops. */
    stopped: number;
    /** Accounts in answers that no caller had asked for. */
    unrequestedAccounts: number;
    /** The average. */
    accountsPerCall: number;
    /** Failed calls by code. */
    failedCallsByCode: Record<string, number>;
}

/** The UserSig in use. */
export interface StatusUserSig {
    /** Seconds since 1970; null before the first call. */
    expiresAt: number | null;
    /** Where the key is: credential or secretKeyFile (the daemon has it), or signer. */
    keySource?: string;
}

/** The last reload. */
export interface StatusLastReload {
    /** Seconds since 1970. */
    at: number;
    /** Whether the new configuration is in force. */
    succeeded: boolean;
    /** What was wrong with it. */
    problems: string[];
    /** Keys whose change waits for a restart. */
    keysForRestart: string[];
}

/** A rule. What is absent is not limited by it. */
export interface StatusCallerRule {
    /** Its name. */
    name: string;
    /** The methods that are served. */
    methods?: string[];
    /** How many accounts and prefixes of accounts it allows. */
    accountPatterns?: number;
    /** The attributes that are passed on. */
    attributes?: string[];
    /** Its weight among the rules whose accounts wait. */
    share: number;
    /** Accounts of its callers that enter calls in a second. */
    accountsPerSecond?: number;
    /** Accounts that wait, over all requests of its callers. */
    maxQueuedAccounts?: number;
    /** Accounts in a request. */
    maxAccountsPerRequest?: number;
    /** A smaller maxAgeMs is raised to this. */
    minMaxAgeMs?: number;
    /** What a log line is written for. */
    audit?: string;
    /** Open connections of its callers; only in getCallers. */
    connections?: number;
    /** Requests of its callers so far. */
    requests: number;
    /** Accounts in their getAttrs requests so far. */
    accounts: number;
    /** Requests that it has refused so far. */
    refused: number;
    /** Accounts of the open requests of its callers. */
    waitingAccounts?: number;
    /** Accounts of its callers that entered calls in the last second, about. */
    accountsInLastSecond?: number;
    /** Whether its accounts wait because of accountsPerSecond. */
    isDelayed?: boolean;
}

/** Where the operator has rules: who asks, and by which rule. */
export interface StatusCaller {
    /** The user. */
    uid: number;
    /** The socket that it came by: rpc, or rpc-NAME. */
    socket: string;
    /** What it may do: all, what its rule allows, or none. One of all, rule, none. */
    access: string;
    /** Why the rule is for it: what the rule names, such as group:backend. */
    because?: string;
    /** A rule. What is absent is not limited by it. */
    rule?: StatusCallerRule;
}

/** The state. */
export interface Status {
    /** The daemon's version. */
    version: string;
    /** Its process. */
    pid: number;
    /** Seconds since it was started. */
    uptimeSeconds: number;
    /** The state. One of ready, degraded, misconfigured, stopping. */
    state: string;
    /** Why it is not ready. */
    reasons: string[];
    /** Open connections. */
    connections: number;
    /** Bytes of answers that wait to be read. */
    bufferedBytes: number;
    /** What became of connections since the start. */
    door: StatusDoor;
    /** Requests so far by method; unknown methods are under unknown. */
    requests: Record<string, number>;
    /** The server that is asked. */
    upstream?: StatusUpstream;
    /** What keeps calls below the limit. */
    limiter?: StatusLimiter;
    /** Who waits. */
    queue?: StatusQueue;
    /** Answers held for maxAgeMs. */
    held?: StatusHeld;
    /** What has happened since the start. */
    counters?: StatusCounters;
    /** The UserSig in use. */
    userSig?: StatusUserSig;
    /** The last reload. */
    lastReload?: StatusLastReload;
    /** Where the operator has rules: who asks, and by which rule. */
    caller?: StatusCaller;
}

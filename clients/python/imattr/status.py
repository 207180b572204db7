"""The types of what `get_status` returns. `clients/contract/status-types` prints them from the daemon's own schema."""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict


class StatusDoor(TypedDict):
    """What became of connections since the start."""

    accepted: int
    """Connections that were served."""
    refusedByLimit: Dict[str, int]
    """Connections that were refused, by the limit that was reached."""
    displacedByLimit: Dict[str, int]
    """Connections that lost their place, an unfinished line or unread answers to users with less, by limit."""
    stuck: int
    """Connections that were closed because their callers did not read."""
    descriptorShortages: int
    """Times that accepting paused because no file descriptor was left."""
    isShortOfDescriptors: bool
    """Whether accepting pauses for that now."""


class _StatusUpstreamLastError(TypedDict):
    code: int
    """Tencent's code, or one of the daemon's."""
    message: str
    """For a person."""


class StatusUpstreamLastError(_StatusUpstreamLastError, total=False):
    """The last failure since the last good call."""

    ErrorInfo: str
    """Upstream's own words."""


class _StatusUpstream(TypedDict):
    host: str
    """Its URL."""
    healthy: bool
    """Whether the last call went well."""
    open: bool
    """Whether calls may leave."""
    failuresInARow: int
    """Failed calls since the last good one."""


class StatusUpstream(_StatusUpstream, total=False):
    """The server that is asked."""

    lastError: StatusUpstreamLastError
    """The last failure since the last good call."""


class _StatusLimiter(TypedDict):
    rateLimit: int
    """Calls in any second, as configured."""
    currentLimit: int
    """What holds at present."""
    slotsHeld: int
    """Calls that the server may still count."""
    creditMs: float
    """The part of the round trip that is counted on, in milliseconds."""
    callsUnderWay: int
    """Calls that have not been answered."""
    maxInFlight: int
    """How many of them there may be."""


class StatusLimiter(_StatusLimiter, total=False):
    """What keeps calls below the limit."""

    why: str
    """Why that is less."""


class _StatusQueue(TypedDict):
    requests: int
    """Requests that have not been answered."""
    waitingAccounts: int
    """Accounts that no call has left for yet, over all requests."""
    waitingUsers: int
    """Users whose accounts wait; all callers of a socket rpc-NAME are one."""
    waitingAccountsByUid: Dict[str, int]
    """Waiting accounts by user: the caller's own; for administrators those of the 100 users with the most."""


class StatusQueue(_StatusQueue, total=False):
    """Who waits."""

    oldestWaitingMs: int
    """How long the oldest of these requests has waited; absent if none does."""


class StatusHeld(TypedDict):
    """Answers held for maxAgeMs."""

    answers: int
    """How many."""
    bytes: int
    """Their size."""


class StatusCounters(TypedDict):
    """What has happened since the start."""

    calls: int
    """Upstream calls."""
    accounts: int
    """Accounts in them."""
    callsNeverSent: int
    """Calls for which no connection was made."""
    retries: int
    """Failed calls that were repeated."""
    signatureRenewals: int
    """Calls that were repeated with a new UserSig."""
    slowDowns: int
    """Times that the limit was halved."""
    isolations: int
    """Calls that were divided to find the account at fault."""
    isolationCalls: int
    """Calls made for that."""
    fromMemory: int
    """Requests that were answered from held answers alone."""
    answered: int
    """Requests that were answered."""
    failed: int
    """Requests that failed with their calls."""
    expired: int
    """Requests whose time ran out."""
    overloaded: int
    """Requests that were refused because too many accounts waited."""
    withdrawn: int
    """Requests that their callers took back."""
    stopped: int
    """Requests that ended because the daemon stops."""
    unrequestedAccounts: int
    """Accounts in answers that no caller had asked for."""
    accountsPerCall: float
    """The average."""
    failedCallsByCode: Dict[str, int]
    """Failed calls by code."""


class _StatusUserSig(TypedDict):
    expiresAt: Optional[int]
    """Seconds since 1970; null before the first call."""


class StatusUserSig(_StatusUserSig, total=False):
    """The UserSig in use."""

    keySource: str
    """Where the key is: credential or secretKeyFile (the daemon has it), or signer."""


class StatusLastReload(TypedDict):
    """The last reload."""

    at: int
    """Seconds since 1970."""
    succeeded: bool
    """Whether the new configuration is in force."""
    problems: List[str]
    """What was wrong with it."""
    keysForRestart: List[str]
    """Keys whose change waits for a restart."""


class _StatusCallerRule(TypedDict):
    name: str
    """Its name."""
    share: int
    """Its weight among the rules whose accounts wait."""
    requests: int
    """Requests of its callers so far."""
    accounts: int
    """Accounts in their getAttrs requests so far."""
    refused: int
    """Requests that it has refused so far."""


class StatusCallerRule(_StatusCallerRule, total=False):
    """A rule. What is absent is not limited by it."""

    methods: List[str]
    """The methods that are served."""
    accountPatterns: int
    """How many accounts and prefixes of accounts it allows."""
    attributes: List[str]
    """The attributes that are passed on."""
    accountsPerSecond: int
    """Accounts of its callers that enter calls in a second."""
    maxQueuedAccounts: int
    """Accounts that wait, over all requests of its callers."""
    maxAccountsPerRequest: int
    """Accounts in a request."""
    minMaxAgeMs: int
    """A smaller maxAgeMs is raised to this."""
    audit: str
    """What a log line is written for."""
    connections: int
    """Open connections of its callers; only in getCallers."""
    waitingAccounts: int
    """Accounts of the open requests of its callers."""
    accountsInLastSecond: int
    """Accounts of its callers that entered calls in the last second, about."""
    isDelayed: bool
    """Whether its accounts wait because of accountsPerSecond."""


class _StatusCaller(TypedDict):
    uid: int
    """The user."""
    socket: str
    """The socket that it came by: rpc, or rpc-NAME."""
    access: str
    """What it may do: all, what its rule allows, or none. One of all, rule, none."""


class StatusCaller(_StatusCaller, total=False):
    """Where the operator has rules: who asks, and by which rule."""

    because: str
    """Why the rule is for it: what the rule names, such as group:backend."""
    rule: StatusCallerRule
    """A rule. What is absent is not limited by it."""


class _Status(TypedDict):
    version: str
    """The daemon's version."""
    pid: int
    """Its process."""
    uptimeSeconds: int
    """Seconds since it was started."""
    state: str
    """The state. One of ready, degraded, misconfigured, stopping."""
    reasons: List[str]
    """Why it is not ready."""
    connections: int
    """Open connections."""
    bufferedBytes: int
    """Bytes of answers that wait to be read."""
    door: StatusDoor
    """What became of connections since the start."""
    requests: Dict[str, int]
    """Requests so far by method; unknown methods are under unknown."""


class Status(_Status, total=False):
    """The state."""

    upstream: StatusUpstream
    """The server that is asked."""
    limiter: StatusLimiter
    """What keeps calls below the limit."""
    queue: StatusQueue
    """Who waits."""
    held: StatusHeld
    """Answers held for maxAgeMs."""
    counters: StatusCounters
    """What has happened since the start."""
    userSig: StatusUserSig
    """The UserSig in use."""
    lastReload: StatusLastReload
    """The last reload."""
    caller: StatusCaller
    """Where the operator has rules: who asks, and by which rule."""

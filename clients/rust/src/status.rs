//! The types of what `getStatus` answers. `clients/contract/status-types` prints them from the daemon's own schema.

use std::collections::BTreeMap;

use crate::json::{Json, Value};
use crate::typed::{member, FromValue};

/// What became of connections since the start.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusDoor {
    /// Connections that were served.
    pub accepted: i64,
    /// Connections that were refused, by the limit that was reached.
    pub refused_by_limit: BTreeMap<String, i64>,
    /// Connections that lost their place, an unfinished line or unread answers to users with less, by limit.
    pub displaced_by_limit: BTreeMap<String, i64>,
    /// Connections that were closed because their callers did not read.
    pub stuck: i64,
    /// Times that accepting paused because no file descriptor was left.
    pub descriptor_shortages: i64,
    /// Whether accepting pauses for that now.
    pub is_short_of_descriptors: bool,
}

impl FromValue for StatusDoor {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusDoor {
            accepted: member(value, "accepted")?,
            refused_by_limit: member(value, "refusedByLimit")?,
            displaced_by_limit: member(value, "displacedByLimit")?,
            stuck: member(value, "stuck")?,
            descriptor_shortages: member(value, "descriptorShortages")?,
            is_short_of_descriptors: member(value, "isShortOfDescriptors")?,
        })
    }
}

/// The last failure since the last good call.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusUpstreamLastError {
    /// Tencent's code, or one of the daemon's.
    pub code: i64,
    /// For a person.
    pub message: String,
    /// Upstream's own words.
    pub error_info: Option<String>,
}

impl FromValue for StatusUpstreamLastError {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusUpstreamLastError {
            code: member(value, "code")?,
            message: member(value, "message")?,
            error_info: member(value, "ErrorInfo")?,
        })
    }
}

/// The server that is asked.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusUpstream {
    /// Its URL.
    pub host: String,
    /// Whether the last call went well.
    pub healthy: bool,
    /// Whether calls may leave.
    pub open: bool,
    /// Failed calls since the last good one.
    pub failures_in_a_row: i64,
    /// The last failure since the last good call.
    pub last_error: Option<StatusUpstreamLastError>,
}

impl FromValue for StatusUpstream {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusUpstream {
            host: member(value, "host")?,
            healthy: member(value, "healthy")?,
            open: member(value, "open")?,
            failures_in_a_row: member(value, "failuresInARow")?,
            last_error: member(value, "lastError")?,
        })
    }
}

/// What keeps calls below the limit.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusLimiter {
    /// Calls in any second, as configured.
    pub rate_limit: i64,
    /// What holds at present.
    pub current_limit: i64,
    /// Why that is less.
    pub why: Option<String>,
    /// Calls that the server may still count.
    pub slots_held: i64,
    /// The part of the round trip that is counted on, in milliseconds.
    pub credit_ms: f64,
    /// Calls that have not been answered.
    pub calls_under_way: i64,
    /// How many of them there may be.
    pub max_in_flight: i64,
}

impl FromValue for StatusLimiter {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusLimiter {
            rate_limit: member(value, "rateLimit")?,
            current_limit: member(value, "currentLimit")?,
            why: member(value, "why")?,
            slots_held: member(value, "slotsHeld")?,
            credit_ms: member(value, "creditMs")?,
            calls_under_way: member(value, "callsUnderWay")?,
            max_in_flight: member(value, "maxInFlight")?,
        })
    }
}

/// Who waits.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusQueue {
    /// Requests that have not been answered.
    pub requests: i64,
    /// Accounts that no call has left for yet, over all requests.
    pub waiting_accounts: i64,
    /// How long the oldest of these requests has waited; absent if none does.
    pub oldest_waiting_ms: Option<i64>,
    /// Users whose accounts wait; all callers of a socket rpc-NAME are one.
    pub waiting_users: i64,
    /// Waiting accounts by user: the caller's own; for administrators those of the 100 users with the most.
    pub waiting_accounts_by_uid: BTreeMap<String, i64>,
}

impl FromValue for StatusQueue {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusQueue {
            requests: member(value, "requests")?,
            waiting_accounts: member(value, "waitingAccounts")?,
            oldest_waiting_ms: member(value, "oldestWaitingMs")?,
            waiting_users: member(value, "waitingUsers")?,
            waiting_accounts_by_uid: member(value, "waitingAccountsByUid")?,
        })
    }
}

/// Answers held for maxAgeMs.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusHeld {
    /// How many.
    pub answers: i64,
    /// Their size.
    pub bytes: i64,
}

impl FromValue for StatusHeld {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusHeld { answers: member(value, "answers")?, bytes: member(value, "bytes")? })
    }
}

/// What has happened since the start.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusCounters {
    /// Upstream calls.
    pub calls: i64,
    /// Accounts in them.
    pub accounts: i64,
    /// Calls for which no connection was made.
    pub calls_never_sent: i64,
    /// Failed calls that were repeated.
    pub retries: i64,
    /// Calls that were repeated with a new UserSig.
    pub signature_renewals: i64,
    /// Times that the limit was halved.
    pub slow_downs: i64,
    /// Calls that were divided to find the account at fault.
    pub isolations: i64,
    /// Calls made for that.
    pub isolation_calls: i64,
    /// Requests that were answered from held answers alone.
    pub from_memory: i64,
    /// Requests that were answered.
    pub answered: i64,
    /// Requests that failed with their calls.
    pub failed: i64,
    /// Requests whose time ran out.
    pub expired: i64,
    /// Requests that were refused because too many accounts waited.
    pub overloaded: i64,
    /// Requests that their callers took back.
    pub withdrawn: i64,
    /// Requests that ended because the daemon stops.
    pub stopped: i64,
    /// Accounts in answers that no caller had asked for.
    pub unrequested_accounts: i64,
    /// The average.
    pub accounts_per_call: f64,
    /// Failed calls by code.
    pub failed_calls_by_code: BTreeMap<String, i64>,
}

impl FromValue for StatusCounters {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusCounters {
            calls: member(value, "calls")?,
            accounts: member(value, "accounts")?,
            calls_never_sent: member(value, "callsNeverSent")?,
            retries: member(value, "retries")?,
            signature_renewals: member(value, "signatureRenewals")?,
            slow_downs: member(value, "slowDowns")?,
            isolations: member(value, "isolations")?,
            isolation_calls: member(value, "isolationCalls")?,
            from_memory: member(value, "fromMemory")?,
            answered: member(value, "answered")?,
            failed: member(value, "failed")?,
            expired: member(value, "expired")?,
            overloaded: member(value, "overloaded")?,
            withdrawn: member(value, "withdrawn")?,
            stopped: member(value, "stopped")?,
            unrequested_accounts: member(value, "unrequestedAccounts")?,
            accounts_per_call: member(value, "accountsPerCall")?,
            failed_calls_by_code: member(value, "failedCallsByCode")?,
        })
    }
}

/// The UserSig in use.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusUserSig {
    /// Seconds since 1970; null before the first call.
    pub expires_at: Option<i64>,
    /// Where the key is: credential or secretKeyFile (the daemon has it), or signer.
    pub key_source: Option<String>,
}

impl FromValue for StatusUserSig {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusUserSig { expires_at: member(value, "expiresAt")?, key_source: member(value, "keySource")? })
    }
}

/// The last reload.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusLastReload {
    /// Seconds since 1970.
    pub at: i64,
    /// Whether the new configuration is in force.
    pub succeeded: bool,
    /// What was wrong with it.
    pub problems: Vec<String>,
    /// Keys whose change waits for a restart.
    pub keys_for_restart: Vec<String>,
}

impl FromValue for StatusLastReload {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusLastReload {
            at: member(value, "at")?,
            succeeded: member(value, "succeeded")?,
            problems: member(value, "problems")?,
            keys_for_restart: member(value, "keysForRestart")?,
        })
    }
}

/// A rule. What is absent is not limited by it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusCallerRule {
    /// Its name.
    pub name: String,
    /// The methods that are served.
    pub methods: Option<Vec<String>>,
    /// How many accounts and prefixes of accounts it allows.
    pub account_patterns: Option<i64>,
    /// The attributes that are passed on.
    pub attributes: Option<Vec<String>>,
    /// Its weight among the rules whose accounts wait.
    pub share: i64,
    /// Accounts of its callers that enter calls in a second.
    pub accounts_per_second: Option<i64>,
    /// Accounts that wait, over all requests of its callers.
    pub max_queued_accounts: Option<i64>,
    /// Accounts in a request.
    pub max_accounts_per_request: Option<i64>,
    /// A smaller maxAgeMs is raised to this.
    pub min_max_age_ms: Option<i64>,
    /// What a log line is written for.
    pub audit: Option<String>,
    /// Open connections of its callers; only in getCallers.
    pub connections: Option<i64>,
    /// Requests of its callers so far.
    pub requests: i64,
    /// Accounts in their getAttrs requests so far.
    pub accounts: i64,
    /// Requests that it has refused so far.
    pub refused: i64,
    /// Accounts of the open requests of its callers.
    pub waiting_accounts: Option<i64>,
    /// Accounts of its callers that entered calls in the last second, about.
    pub accounts_in_last_second: Option<i64>,
    /// Whether its accounts wait because of accountsPerSecond.
    pub is_delayed: Option<bool>,
}

impl FromValue for StatusCallerRule {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusCallerRule {
            name: member(value, "name")?,
            methods: member(value, "methods")?,
            account_patterns: member(value, "accountPatterns")?,
            attributes: member(value, "attributes")?,
            share: member(value, "share")?,
            accounts_per_second: member(value, "accountsPerSecond")?,
            max_queued_accounts: member(value, "maxQueuedAccounts")?,
            max_accounts_per_request: member(value, "maxAccountsPerRequest")?,
            min_max_age_ms: member(value, "minMaxAgeMs")?,
            audit: member(value, "audit")?,
            connections: member(value, "connections")?,
            requests: member(value, "requests")?,
            accounts: member(value, "accounts")?,
            refused: member(value, "refused")?,
            waiting_accounts: member(value, "waitingAccounts")?,
            accounts_in_last_second: member(value, "accountsInLastSecond")?,
            is_delayed: member(value, "isDelayed")?,
        })
    }
}

/// Where the operator has rules: who asks, and by which rule.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusCaller {
    /// The user.
    pub uid: i64,
    /// The socket that it came by: rpc, or rpc-NAME.
    pub socket: String,
    /// What it may do: all, what its rule allows, or none. One of all, rule, none.
    pub access: String,
    /// Why the rule is for it: what the rule names, such as group:backend.
    pub because: Option<String>,
    /// A rule. What is absent is not limited by it.
    pub rule: Option<StatusCallerRule>,
}

impl FromValue for StatusCaller {
    fn from_value(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(StatusCaller {
            uid: member(value, "uid")?,
            socket: member(value, "socket")?,
            access: member(value, "access")?,
            because: member(value, "because")?,
            rule: member(value, "rule")?,
        })
    }
}

/// What the daemon answered to `getStatus`. What it left out is empty, zero or none.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Its process.
    pub pid: i64,
    /// Seconds since it was started.
    pub uptime_seconds: i64,
    /// The state. One of ready, degraded, misconfigured, stopping.
    pub state: String,
    /// Why it is not ready.
    pub reasons: Vec<String>,
    /// Open connections.
    pub connections: i64,
    /// Bytes of answers that wait to be read.
    pub buffered_bytes: i64,
    /// What became of connections since the start.
    pub door: StatusDoor,
    /// Requests so far by method; unknown methods are under unknown.
    pub requests: BTreeMap<String, i64>,
    /// The server that is asked.
    pub upstream: Option<StatusUpstream>,
    /// What keeps calls below the limit.
    pub limiter: Option<StatusLimiter>,
    /// Who waits.
    pub queue: Option<StatusQueue>,
    /// Answers held for maxAgeMs.
    pub held: Option<StatusHeld>,
    /// What has happened since the start.
    pub counters: Option<StatusCounters>,
    /// The UserSig in use.
    pub user_sig: Option<StatusUserSig>,
    /// The last reload.
    pub last_reload: Option<StatusLastReload>,
    /// Where the operator has rules: who asks, and by which rule.
    pub caller: Option<StatusCaller>,
    /// All of it as the daemon wrote it, with what this version does not know.
    pub json: Json,
}

impl Status {
    pub(crate) fn read(json: Json) -> Option<Self> {
        let value = &json.value();
        value.as_object()?;
        Some(Status {
            version: member(value, "version")?,
            pid: member(value, "pid")?,
            uptime_seconds: member(value, "uptimeSeconds")?,
            state: member(value, "state")?,
            reasons: member(value, "reasons")?,
            connections: member(value, "connections")?,
            buffered_bytes: member(value, "bufferedBytes")?,
            door: member(value, "door")?,
            requests: member(value, "requests")?,
            upstream: member(value, "upstream")?,
            limiter: member(value, "limiter")?,
            queue: member(value, "queue")?,
            held: member(value, "held")?,
            counters: member(value, "counters")?,
            user_sig: member(value, "userSig")?,
            last_reload: member(value, "lastReload")?,
            caller: member(value, "caller")?,
            json,
        })
    }
}

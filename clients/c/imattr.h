/* imattr.h - asks imattrd for the attributes of Tencent Chat accounts. POSIX threads, Linux.
 *
 *     struct imattr_client *client = imattr_open(NULL);
 *     struct imattr_error error;
 *     struct imattr_result *result = imattr_get_attrs(client, accounts, count, NULL, &error);
 *     if (result == NULL)
 *         fprintf(stderr, "%s\n", error.message);
 *
 * Any number of threads may call by the same client at the same time; they share one connection. Whatever takes an error
 * takes NULL too. Names, codes and JSON members are those of the daemon's protocol.
 */
#ifndef IMATTR_H
#define IMATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define IMATTR_VERSION "0.1.0"

struct imattr_client;
struct imattr_status;
struct imattr_stream;
struct imattr_token;

/* ---- Errors */

enum imattr_kind {
    IMATTR_OK,
    IMATTR_ARGUMENT,    /* an account that is not 1 to 255 bytes of UTF-8, an option out of range, NULL; nothing was sent */
    IMATTR_REFUSED,     /* the daemon answered an error: see code, retryable, retry_after_ms and answer */
    IMATTR_UNREACHABLE, /* no connection: see system_error; EACCES: this user is not in group imattr */
    IMATTR_LOST,        /* the daemon went away and did not come back in time; may be tried again */
    IMATTR_DEADLINE,    /* no answer came in time, or the daemon answered that there is none (code -32001); may be tried again */
    IMATTR_PROTOCOL,    /* what listens there does not speak this protocol */
    IMATTR_CANCELLED,   /* by imattr_cancel or imattr_close; or a stream that is used in a forked process */
    IMATTR_NO_MEMORY
};

struct imattr_error {
    enum imattr_kind kind;  /* IMATTR_OK after success */
    bool retryable;         /* the same call may succeed later without any change */
    int64_t code;           /* of the daemon's answer: Tencent's own ErrorCode, or below 0; 0 if it did not answer */
    int64_t retry_after_ms; /* of that: before then, asking again is of no use; -1 if the daemon did not say */
    int system_error;       /* unreachable: an errno; else 0 */
    char message[512];      /* for a person; cut if it is longer */
    char *answer;           /* the daemon's error object, {"code":…,"message":…,"data":{…}}; NULL if it did not answer */
};

/* Frees what an error holds. Every call that takes an error overwrites it without doing so. */
void imattr_error_clear(struct imattr_error *error);

/* The name of a kind: "refused" for IMATTR_REFUSED. */
const char *imattr_kind_name(enum imattr_kind kind);

/* ---- Clients */

/* Makes a client for a socket; NULL: that of IMATTRD_SOCKET, else /run/imattrd/imattrd.sock. It connects when the first
 * request is made, and again when the daemon was restarted. NULL if there is no memory or no file descriptor left.
 * A forked process may use its parent's client: there it makes a connection of its own, and leaves the parent's alone. The
 * parent's streams can only be closed there. */
struct imattr_client *imattr_open(const char *socket_path);

/* Ends a client: what waits fails with IMATTR_CANCELLED, and so does every later call. From any thread. */
void imattr_close(struct imattr_client *client);

/* Closes a client, waits until no thread is in a call of it, and frees it. Streams must have been closed before. */
void imattr_free(struct imattr_client *client);

/* ---- Calls */

struct imattr_options {
    int timeout_ms;             /* the whole time of a call (of a stream: of each request), 1 to 600000 */
    int max_age_ms;             /* how old an answer that the daemon holds may be, 0 to 3600000 */
    size_t batch;               /* accounts in a request, 1 to 10000 */
    size_t in_flight;           /* requests at once, 1 to 1024 */
    struct imattr_token *token; /* NULL, or what cancels the call */
    bool partial;               /* if accounts fail, return the others, and list those in `failed` */
};

/* What holds where NULL is given. To change one:
 *     struct imattr_options options = IMATTR_OPTIONS;
 *     options.timeout_ms = 5000; */
#define IMATTR_OPTIONS {30000, 0, 500, 32, NULL, false}

/* Why an account failed, with options.partial. */
struct imattr_failure {
    const char *account; /* To_Account, UTF-8 */
    size_t account_length;
    int64_t code;           /* Tencent's own ErrorCode, or a code of the daemon below 0 */
    const char *message;    /* for a person */
    bool retryable;         /* the account may be answered later without any change */
    const char *error_info; /* upstream's words; NULL if there are none */
    int64_t retry_after_ms; /* before that, asking again is of no use; -1 if the daemon did not say */
    const char *call_id;    /* the upstream call, as in the daemon's log; NULL if there is none */
};

/* All texts are followed by a NUL, and can hold others only if accounts or values have U+0000. */
struct imattr_user {
    const char *account; /* To_Account, UTF-8 */
    size_t account_length;
    const char *attrs; /* the JSON object as upstream wrote it; NULL if the account is missing or failed */
    size_t attrs_length;
    int64_t error_code;     /* missing: upstream's reason; 0 if it gave none */
    const char *error_info; /* missing: upstream's text; NULL if it gave none */
    const struct imattr_failure *failure; /* streams with options.partial: why the account failed; else NULL */
};

struct imattr_result {
    struct imattr_user *users; /* answered, in the order of their first mention */
    size_t user_count;
    struct imattr_user *missing; /* not answered, in that order too; attrs is NULL */
    size_t missing_count;
    struct imattr_user *errors; /* upstream's ErrorList */
    size_t error_count;
    struct imattr_failure *failed; /* with options.partial: what failed */
    size_t failed_count;
};

/* Gets the attributes of any number of accounts, each 1 to 255 bytes of UTF-8. NULL after an error. */
struct imattr_result *imattr_get_attrs(struct imattr_client *client, const char *const *accounts, size_t count,
                                       const struct imattr_options *options, struct imattr_error *error);
void imattr_result_free(struct imattr_result *result);

/* Asks whether the daemon is there and answers. */
bool imattr_ping(struct imattr_client *client, const struct imattr_options *options, struct imattr_error *error);

/* The daemon's state, limits and counters, see below; to be freed with imattr_status_free. NULL after an error. */
struct imattr_status *imattr_get_status(struct imattr_client *client, const struct imattr_options *options, struct imattr_error *error);

/* Calls any method. `params` is the JSON text of an object or an array, or NULL. The result is JSON text, to be freed with
 * free(). NULL after an error. */
char *imattr_call(struct imattr_client *client, const char *method, const char *params,
                  const struct imattr_options *options, struct imattr_error *error);

/* ---- The daemon's status. What the daemon does not say is 0, false or empty, and texts are "" where they are always said. */

struct imattr_texts {
    const char **at;
    size_t count;
};

/* Numbers by name. */
struct imattr_counts {
    struct imattr_count {
        const char *name;
        int64_t count;
    } *at;
    size_t count;
};

/* clients/contract/status-types prints this from the daemon's own schema. */

/* What became of connections since the start. */
struct imattr_status_door {
    /* Connections that were served. */
    int64_t accepted;
    /* Connections that were refused, by the limit that was reached. */
    struct imattr_counts refused_by_limit;
    /* Connections that lost their place, an unfinished line or unread answers to users with less, by limit. */
    struct imattr_counts displaced_by_limit;
    /* Connections that were closed because their callers did not read. */
    int64_t stuck;
    /* Times that accepting paused because no file descriptor was left. */
    int64_t descriptor_shortages;
    /* Whether accepting pauses for that now. */
    bool is_short_of_descriptors;
};

/* The last failure since the last good call. */
struct imattr_status_upstream_last_error {
    /* Tencent's code, or one of the daemon's. */
    int64_t code;
    /* For a person. */
    const char *message;
    /* Upstream's own words. NULL if it is not there. */
    const char *error_info;
};

/* The server that is asked. */
struct imattr_status_upstream {
    /* Its URL. */
    const char *host;
    /* Whether the last call went well. */
    bool healthy;
    /* Whether calls may leave. */
    bool open;
    /* Failed calls since the last good one. */
    int64_t failures_in_a_row;
    /* The last failure since the last good call. */
    struct imattr_status_upstream_last_error last_error;
    bool has_last_error;
};

/* What keeps calls below the limit. */
struct imattr_status_limiter {
    /* Calls in any second, as configured. */
    int64_t rate_limit;
    /* What holds at present. */
    int64_t current_limit;
    /* Why that is less. NULL if it is not there. */
    const char *why;
    /* Calls that the server may still count. */
    int64_t slots_held;
    /* The part of the round trip that is counted on, in milliseconds. */
    double credit_ms;
    /* Calls that have not been answered. */
    int64_t calls_under_way;
    /* How many of them there may be. */
    int64_t max_in_flight;
};

/* Who waits. */
struct imattr_status_queue {
    /* Requests that have not been answered. */
    int64_t requests;
    /* Accounts that no call has left for yet, over all requests. */
    int64_t waiting_accounts;
    /* How long the oldest of these requests has waited; absent if none does. */
    int64_t oldest_waiting_ms;
    bool has_oldest_waiting_ms;
    /* Users whose accounts wait; all callers of a socket rpc-NAME are one. */
    int64_t waiting_users;
    /* Waiting accounts by user: the caller's own; for administrators those of the 100 users with the most. */
    struct imattr_counts waiting_accounts_by_uid;
};

/* Answers held for maxAgeMs. */
struct imattr_status_held {
    /* How many. */
    int64_t answers;
    /* Their size. */
    int64_t bytes;
};

/* What has happened since the start. */
struct imattr_status_counters {
    /* Upstream calls. */
    int64_t calls;
    /* Accounts in them. */
    int64_t accounts;
    /* Calls for which no connection was made. */
    int64_t calls_never_sent;
    /* Failed calls that were repeated. */
    int64_t retries;
    /* Calls that were repeated with a new UserSig. */
    int64_t signature_renewals;
    /* Times that the limit was halved. */
    int64_t slow_downs;
    /* Calls that were divided to find the account at fault. */
    int64_t isolations;
    /* Calls made for that. */
    int64_t isolation_calls;
    /* Requests that were answered from held answers alone. */
    int64_t from_memory;
    /* Requests that were answered. */
    int64_t answered;
    /* Requests that failed with their calls. */
    int64_t failed;
    /* Requests whose time ran out. */
    int64_t expired;
    /* Requests that were refused because too many accounts waited. */
    int64_t overloaded;
    /* Requests that their callers took back. */
    int64_t withdrawn;
    /* Requests that ended because the daemon stops. */
    int64_t stopped;
    /* Accounts in answers that no caller had asked for. */
    int64_t unrequested_accounts;
    /* The average. */
    double accounts_per_call;
    /* Failed calls by code. */
    struct imattr_counts failed_calls_by_code;
};

/* The UserSig in use. */
struct imattr_status_user_sig {
    /* Seconds since 1970; null before the first call. */
    int64_t expires_at;
    bool has_expires_at;
    /* Where the key is: credential or secretKeyFile (the daemon has it), or signer. NULL if it is not there. */
    const char *key_source;
};

/* The last reload. */
struct imattr_status_last_reload {
    /* Seconds since 1970. */
    int64_t at;
    /* Whether the new configuration is in force. */
    bool succeeded;
    /* What was wrong with it. */
    struct imattr_texts problems;
    /* Keys whose change waits for a restart. */
    struct imattr_texts keys_for_restart;
};

/* A rule. What is absent is not limited by it. */
struct imattr_status_caller_rule {
    /* Its name. */
    const char *name;
    /* The methods that are served. */
    struct imattr_texts methods;
    bool has_methods;
    /* How many accounts and prefixes of accounts it allows. */
    int64_t account_patterns;
    bool has_account_patterns;
    /* The attributes that are passed on. */
    struct imattr_texts attributes;
    bool has_attributes;
    /* Its weight among the rules whose accounts wait. */
    int64_t share;
    /* Accounts of its callers that enter calls in a second. */
    int64_t accounts_per_second;
    bool has_accounts_per_second;
    /* Accounts that wait, over all requests of its callers. */
    int64_t max_queued_accounts;
    bool has_max_queued_accounts;
    /* Accounts in a request. */
    int64_t max_accounts_per_request;
    bool has_max_accounts_per_request;
    /* A smaller maxAgeMs is raised to this. */
    int64_t min_max_age_ms;
    bool has_min_max_age_ms;
    /* What a log line is written for. NULL if it is not there. */
    const char *audit;
    /* Open connections of its callers; only in getCallers. */
    int64_t connections;
    bool has_connections;
    /* Requests of its callers so far. */
    int64_t requests;
    /* Accounts in their getAttrs requests so far. */
    int64_t accounts;
    /* Requests that it has refused so far. */
    int64_t refused;
    /* Accounts of the open requests of its callers. */
    int64_t waiting_accounts;
    bool has_waiting_accounts;
    /* Accounts of its callers that entered calls in the last second, about. */
    int64_t accounts_in_last_second;
    bool has_accounts_in_last_second;
    /* Whether its accounts wait because of accountsPerSecond. */
    bool is_delayed;
    bool has_is_delayed;
};

/* Where the operator has rules: who asks, and by which rule. */
struct imattr_status_caller {
    /* The user. */
    int64_t uid;
    /* The socket that it came by: rpc, or rpc-NAME. */
    const char *socket;
    /* What it may do: all, what its rule allows, or none. One of all, rule, none. */
    const char *access;
    /* Why the rule is for it: what the rule names, such as group:backend. NULL if it is not there. */
    const char *because;
    /* A rule. What is absent is not limited by it. */
    struct imattr_status_caller_rule rule;
    bool has_rule;
};

/* What the daemon answered to getStatus. */
struct imattr_status {
    /* The daemon's version. */
    const char *version;
    /* Its process. */
    int64_t pid;
    /* Seconds since it was started. */
    int64_t uptime_seconds;
    /* The state. One of ready, degraded, misconfigured, stopping. */
    const char *state;
    /* Why it is not ready. */
    struct imattr_texts reasons;
    /* Open connections. */
    int64_t connections;
    /* Bytes of answers that wait to be read. */
    int64_t buffered_bytes;
    /* What became of connections since the start. */
    struct imattr_status_door door;
    /* Requests so far by method; unknown methods are under unknown. */
    struct imattr_counts requests;
    /* The server that is asked. */
    struct imattr_status_upstream upstream;
    bool has_upstream;
    /* What keeps calls below the limit. */
    struct imattr_status_limiter limiter;
    bool has_limiter;
    /* Who waits. */
    struct imattr_status_queue queue;
    bool has_queue;
    /* Answers held for maxAgeMs. */
    struct imattr_status_held held;
    bool has_held;
    /* What has happened since the start. */
    struct imattr_status_counters counters;
    bool has_counters;
    /* The UserSig in use. */
    struct imattr_status_user_sig user_sig;
    bool has_user_sig;
    /* The last reload. */
    struct imattr_status_last_reload last_reload;
    bool has_last_reload;
    /* Where the operator has rules: who asks, and by which rule. */
    struct imattr_status_caller caller;
    bool has_caller;
    /* All of it as the daemon wrote it, with what this version does not know. */
    const char *json;
};
/* end of what status-types prints */

void imattr_status_free(struct imattr_status *status);

/* ---- Streams: any number of accounts in bounded memory */

/* Gives the next account; NULL at the end. The text is needed until the next call only. */
typedef const char *imattr_next_account(void *context);

/* Begins a stream over the accounts that `next` gives; at most batch * in_flight of them are asked for ahead. NULL after
 * an error. A stream belongs to one thread at a time; others may use its client meanwhile. */
struct imattr_stream *imattr_stream_open(struct imattr_client *client, imattr_next_account *next, void *context,
                                         const struct imattr_options *options, struct imattr_error *error);

/* The next account whose answer has arrived, with attrs, or failed (failure is not NULL), or missing (both are NULL). Valid
 * until the next call. NULL at the end (error.kind is IMATTR_OK) and after an error, which ends the stream. An account that is
 * repeated in one request is yielded once, in another request again. */
const struct imattr_user *imattr_stream_next(struct imattr_stream *stream, struct imattr_error *error);

/* Accounts that were taken from `next` so far. */
size_t imattr_stream_taken(const struct imattr_stream *stream);

/* Frees a stream; withdraws what is in flight, but not in a forked process. NULL does nothing. */
void imattr_stream_close(struct imattr_stream *stream);

/* ---- Cancelling */

/* A token cancels all calls and streams that have it in their options, those in flight and those to come. NULL if there is
 * no memory. */
struct imattr_token *imattr_token_new(void);
void imattr_cancel(struct imattr_token *token); /* from any thread, but not from a signal handler */
void imattr_token_free(struct imattr_token *token); /* when no call has it any more */

/* ---- JSON: members of an object, as Attrs is one */

/* The raw text of a member of `json`, NUL-terminated JSON text; NULL if it is not there. Numbers of any size are exact. */
const char *imattr_json_member(const char *json, const char *name, size_t *length);

/* Copies a string, decoded, with a NUL, cut to `size` bytes in all. Its whole length without the NUL; -1 if the member is
 * not there or no string. */
long imattr_json_string(const char *json, const char *name, char *buffer, size_t size);

/* Reads an integer. False if the member is not there, or is no integer of 64 bits. */
bool imattr_json_integer(const char *json, const char *name, int64_t *value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif

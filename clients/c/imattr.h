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
    bool retryable;         /* the same call may succeed later without anybody's doing */
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
    bool retryable;         /* the account may be answered later without anybody's doing */
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

/* The daemon's state, limits and counters: JSON text, to be freed with free(). NULL after an error. */
char *imattr_get_status(struct imattr_client *client, const struct imattr_options *options, struct imattr_error *error);

/* Calls any method. `params` is the JSON text of an object or an array, or NULL. The result is JSON text, to be freed with
 * free(). NULL after an error. */
char *imattr_call(struct imattr_client *client, const char *method, const char *params,
                  const struct imattr_options *options, struct imattr_error *error);

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

/* A token cancels all calls and streams that have it in their options, those under way and those to come. NULL if there is
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

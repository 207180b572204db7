/* imattr.c - see imattr.h.
 *
 * How it works: requests are `call`s. A call waits in the client's list `pending` until there is a connection for it, then in
 * that connection's list `in_flight` until its answer comes, then in its group's list `done`. A group is what one thread waits for:
 * one call, or the window of a larger job. There is no thread of ours: of the threads that wait, one is the leader, which
 * connects, reads, and hands answers to the others; they sleep on their group's condition. A leader that has what it waited for
 * hands over to another.
 *
 * The client's mutex guards all of it, but a connection's input, which is the leader's alone, so that lines are read
 * and checked while others go on.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* eventfd, SOCK_CLOEXEC, SOCK_NONBLOCK */
#endif

#include "imattr.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    LONGEST_ACCOUNT = 255,       /* bytes */
    LONGEST_ANSWER = 256 << 20,  /* bytes; a longer line ends the connection */
    DEEPEST = 128,               /* levels of JSON */
    READ_AT_ONCE = 64 << 10,     /* bytes */
    KEPT_INPUT = 1 << 20,        /* bytes; a larger buffer is given back when it is empty */
    FIRST_PAUSE = 50,            /* ms between attempts to connect */
    LONGEST_PAUSE = 1000,        /* ms */
    LONGEST_LOOK = 1000,         /* ms; to read what has arrived before giving up */
    GRACE = 1000,                /* ms; a daemon that is late has so long to say so itself */
    MOST_CONNECTIONS = 8,        /* the current one, and those that only wait for their last answers */
    OVERLOADED = -32000,
    DEADLINE_EXCEEDED = -32001,
    UPSTREAM_UNREACHABLE = -32002,
    SHUTTING_DOWN = -32004
};

static const char DEFAULT_SOCKET[] = "/run/imattrd/imattrd.sock";

/* ---- Texts and buffers */

struct text {
    const char *at;
    size_t length;
};

struct buffer {
    char *at;
    size_t length, capacity;
    bool failed; /* there was no memory; whatever is added is dropped */
};

static bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed || buffer->capacity - buffer->length >= more)
        return !buffer->failed;
    size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity * 2;
    if (capacity < buffer->length + more)
        capacity = buffer->length + more;
    char *at = realloc(buffer->at, capacity);
    if (at == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->at = at;
    buffer->capacity = capacity;
    return true;
}

static void buffer_add(struct buffer *buffer, const char *bytes, size_t length)
{
    if (length == 0 || !buffer_reserve(buffer, length))
        return;
    memcpy(buffer->at + buffer->length, bytes, length);
    buffer->length += length;
}

static void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

/* Adds a JSON string. */
static void buffer_add_quoted(struct buffer *buffer, const char *bytes, size_t length)
{
    buffer_add(buffer, "\"", 1);
    size_t from = 0;
    for (size_t index = 0; index < length; index++) {
        unsigned char byte = (unsigned char)bytes[index];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        char escape[8];
        buffer_add(buffer, bytes + from, index - from);
        if (byte < 0x20)
            snprintf(escape, sizeof escape, "\\u%04x", byte);
        else
            snprintf(escape, sizeof escape, "\\%c", byte);
        buffer_add_text(buffer, escape);
        from = index + 1;
    }
    buffer_add(buffer, bytes + from, length - from);
    buffer_add(buffer, "\"", 1);
}

static bool text_is(struct text text, const char *other)
{
    return text.length == strlen(other) && memcmp(text.at, other, text.length) == 0;
}

static bool same_text(const char *one, size_t length, const char *other, size_t other_length)
{
    return length == other_length && memcmp(one, other, length) == 0;
}

/* The length of the character of UTF-8 at `at`, 0 if there is none. */
static size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
    size_t left = (size_t)(end - at), length;
    unsigned char least = 0x80, greatest = 0xbf; /* of the second byte */
    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        length = 2;
    else if (at[0] >= 0xe0 && at[0] <= 0xef)
        length = 3;
    else if (at[0] >= 0xf0 && at[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (at[0] == 0xe0)
        least = 0xa0;
    else if (at[0] == 0xed)
        greatest = 0x9f; /* no surrogates */
    else if (at[0] == 0xf0)
        least = 0x90;
    else if (at[0] == 0xf4)
        greatest = 0x8f;
    if (length > left || at[1] < least || at[1] > greatest)
        return 0;
    for (size_t index = 2; index < length; index++)
        if ((at[index] & 0xc0) != 0x80)
            return 0;
    return length;
}

static bool is_utf8(const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes, *end = at + length;
    while (at < end) {
        size_t step = utf8_length(at, end);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

/* ---- JSON: a reader that checks, and gives texts of the original */

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
        at++;
    return at;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static int hex_digit(char character)
{
    if (is_digit(character))
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

/* The four digits after \u; -1 if they are not there. */
static long hex_code(const char *at, const char *end)
{
    long code = 0;
    if (end - at < 4)
        return -1;
    for (int index = 0; index < 4; index++) {
        int digit = hex_digit(at[index]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

/* Each of these gives what is after a value, NULL if there is none. */
static const char *skip_value(const char *at, const char *end, int depth);

static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end;) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"')
            return at + 1;
        if (byte < 0x20)
            return NULL;
        if (byte == '\\') {
            if (end - at < 2)
                return NULL;
            if (at[1] == 'u' ? hex_code(at + 2, end) < 0 : at[1] == '\0' || strchr("\"\\/bfnrt", at[1]) == NULL)
                return NULL;
            at += at[1] == 'u' ? 6 : 2;
        } else if (byte < 0x80) {
            at++;
        } else {
            size_t step = utf8_length((const unsigned char *)at, (const unsigned char *)end);
            if (step == 0)
                return NULL;
            at += step;
        }
    }
    return NULL;
}

static const char *skip_digits(const char *at, const char *end)
{
    if (at == end || !is_digit(*at))
        return NULL;
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static const char *skip_number(const char *at, const char *end)
{
    if (*at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else if ((at = skip_digits(at, end)) == NULL)
        return NULL;
    if (at < end && *at == '.' && (at = skip_digits(at + 1, end)) == NULL)
        return NULL;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits(at, end);
    }
    return at;
}

static const char *skip_word(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(end - at) >= length && memcmp(at, word, length) == 0 ? at + length : NULL;
}

/* Steps through a container: `*at` is at its opening bracket, or after an element; sets the element's texts and returns
 * true, or returns false at the end, with `*at` after the container, or NULL if it is malformed. */
static bool next_element(const char **at, const char *end, bool first, struct text *key, struct text *value, int depth)
{
    const char *here = *at;
    char close = key != NULL ? '}' : ']';
    *at = NULL;
    here = skip_space(first ? here + 1 : here, end);
    if (here < end && *here == close) {
        *at = here + 1;
        return false;
    }
    if (!first) {
        if (here == end || *here != ',')
            return false;
        here = skip_space(here + 1, end);
    }
    if (key != NULL) {
        if (here == end || *here != '"' || (key->at = here, here = skip_string(here, end)) == NULL)
            return false;
        key->length = (size_t)(here - key->at);
        here = skip_space(here, end);
        if (here == end || *here != ':')
            return false;
        here = skip_space(here + 1, end);
    }
    value->at = here;
    if ((here = skip_value(here, end, depth + 1)) == NULL)
        return false;
    value->length = (size_t)(here - value->at);
    *at = here;
    return true;
}

static const char *skip_container(const char *at, const char *end, int depth)
{
    struct text key, value;
    struct text *keys = *at == '{' ? &key : NULL;
    bool first = true;
    if (depth >= DEEPEST)
        return NULL;
    while (next_element(&at, end, first, keys, &value, depth))
        first = false;
    return at;
}

static const char *skip_value(const char *at, const char *end, int depth)
{
    if (at == end)
        return NULL;
    switch (*at) {
    case '"': return skip_string(at, end);
    case '{':
    case '[': return skip_container(at, end, depth);
    case 't': return skip_word(at, end, "true");
    case 'f': return skip_word(at, end, "false");
    case 'n': return skip_word(at, end, "null");
    default: return is_digit(*at) || *at == '-' ? skip_number(at, end) : NULL;
    }
}

static char *put_utf8(char *to, unsigned long code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* The code point of the escape after the backslash at `*at`, which is moved behind it. Half a pair is U+FFFD. */
static unsigned long escaped_code(const char **at, const char *end)
{
    static const char names[] = "bfnrt", codes[] = "\b\f\n\r\t";
    char name = *(*at)++;
    if (name != 'u') {
        const char *found = strchr(names, name);
        return (unsigned char)(found != NULL ? codes[found - names] : name);
    }
    long code = hex_code(*at, end);
    *at += 4;
    if (code < 0xd800 || code > 0xdfff)
        return (unsigned long)code;
    long low = code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? hex_code(*at + 2, end) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *at += 6;
    return (unsigned long)(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
}

/* Decodes a JSON string that was checked; the text is never longer than the JSON, and `to` may be where that is. Its length. */
static size_t decode_string(struct text json, char *to)
{
    const char *at = json.at + 1, *end = json.at + json.length - 1;
    char *begin = to;
    while (at < end) {
        if (*at == '\\') {
            at++;
            to = put_utf8(to, escaped_code(&at, end));
        } else {
            *to++ = *at++;
        }
    }
    return (size_t)(to - begin);
}

/* Whether a JSON string, quotation marks and all, has this text. */
static bool string_is(struct text json, const char *other)
{
    if (memchr(json.at, '\\', json.length) == NULL)
        return same_text(json.at + 1, json.length - 2, other, strlen(other));
    char *decoded = malloc(json.length);
    if (decoded == NULL)
        return false;
    bool same = same_text(decoded, decode_string(json, decoded), other, strlen(other));
    free(decoded);
    return same;
}

/* Finds members of an object, in one pass; the last one of each name, an empty text for one that is not there. False if it is
 * no object. */
static bool find_members(struct text object, size_t count, const char *const *names, struct text *found)
{
    const char *at = object.at, *end = object.at + object.length;
    struct text key, value;
    memset(found, 0, count * sizeof *found);
    if (object.length == 0 || *at != '{')
        return false;
    for (bool first = true; next_element(&at, end, first, &key, &value, 0); first = false)
        for (size_t index = 0; index < count; index++)
            if (string_is(key, names[index]))
                found[index] = value;
    return at == end;
}

static bool find_member(struct text object, const char *name, struct text *found)
{
    return find_members(object, 1, &name, found) && found->length > 0;
}

static bool read_integer(struct text json, int64_t *value)
{
    char digits[24], *end;
    if (json.length == 0 || json.length >= sizeof digits)
        return false;
    memcpy(digits, json.at, json.length);
    digits[json.length] = '\0';
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    if (*end != '\0' || errno != 0 || (!is_digit(digits[0]) && digits[0] != '-'))
        return false;
    *value = number;
    return true;
}

static struct text object_text(const char *json)
{
    const char *end = json + strlen(json);
    json = skip_space(json, end);
    while (end > json && skip_space(end - 1, end) == end)
        end--;
    return (struct text){json, (size_t)(end - json)};
}

const char *imattr_json_member(const char *json, const char *name, size_t *length)
{
    struct text found;
    if (json == NULL || name == NULL || !find_member(object_text(json), name, &found))
        return NULL;
    if (length != NULL)
        *length = found.length;
    return found.at;
}

long imattr_json_string(const char *json, const char *name, char *buffer, size_t size)
{
    struct text found;
    if (json == NULL || name == NULL || !find_member(object_text(json), name, &found) || *found.at != '"')
        return -1;
    char *decoded = malloc(found.length);
    if (decoded == NULL)
        return -1;
    size_t length = decode_string(found, decoded);
    if (size > 0) {
        size_t copied = length < size ? length : size - 1;
        memcpy(buffer, decoded, copied);
        buffer[copied] = '\0';
    }
    free(decoded);
    return (long)length;
}

bool imattr_json_integer(const char *json, const char *name, int64_t *value)
{
    struct text found;
    return json != NULL && name != NULL && value != NULL && find_member(object_text(json), name, &found) &&
           read_integer(found, value);
}

/* ---- Errors */

static const char *const KIND_NAMES[] = {"ok",       "argument", "refused",   "unreachable", "lost",
                                         "deadline", "protocol", "cancelled", "no-memory"};

const char *imattr_kind_name(enum imattr_kind kind)
{
    return (size_t)kind < sizeof KIND_NAMES / sizeof *KIND_NAMES ? KIND_NAMES[kind] : "unknown";
}

void imattr_error_clear(struct imattr_error *error)
{
    if (error == NULL)
        return;
    free(error->answer);
    *error = (struct imattr_error){.retry_after_ms = -1};
}

__attribute__((format(printf, 3, 4))) static void set_error(struct imattr_error *error, enum imattr_kind kind,
                                                            const char *format, ...)
{
    if (error == NULL)
        return;
    *error = (struct imattr_error){.kind = kind, .retry_after_ms = -1};
    error->retryable = kind == IMATTR_LOST || kind == IMATTR_DEADLINE;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
}

static void set_ok(struct imattr_error *error)
{
    if (error != NULL)
        *error = (struct imattr_error){.retry_after_ms = -1};
}

/* What the daemon's error object says. `error` may be NULL. */
static void set_refused(struct imattr_error *error, struct text answer)
{
    struct text code, message, data, member;
    if (error == NULL)
        return;
    set_error(error, IMATTR_REFUSED, "refused");
    error->answer = strndup(answer.at, answer.length);
    if (find_member(answer, "code", &code))
        read_integer(code, &error->code);
    bool late = error->code == DEADLINE_EXCEEDED;
    if (late)
        error->kind = IMATTR_DEADLINE;
    if (find_member(answer, "data", &data) && *data.at == '{') {
        error->retryable = find_member(data, "retryable", &member) && text_is(member, "true");
        if (find_member(data, "retryAfterMs", &member))
            read_integer(member, &error->retry_after_ms);
    }
    char *words = find_member(answer, "message", &message) ? malloc(message.length) : NULL;
    if (words == NULL)
        return;
    size_t length = decode_string(message, words);
    snprintf(error->message, sizeof error->message, "%s: %.*s (code %" PRId64 ")",
             late ? "imattrd did not answer in time" : "imattrd refused", (int)(length < 400 ? length : 400), words, error->code);
    free(words);
}

/* ---- Processes. After a fork, what a client, a token or a stream holds is the parent's: see `own_client`. */

static pthread_once_t process_once = PTHREAD_ONCE_INIT;
static atomic_uint *process_page;  /* on a page that the kernel empties in a forked process; NULL if it cannot */
static atomic_uint latest_process; /* the last number that was given here or in an ancestor */

static void process_init(void)
{
    long size = sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, (size_t)size, MADV_WIPEONFORK) == 0)
        process_page = page;
    else
        munmap(page, (size_t)size);
}

/* A number that no ancestor of this process has; that of the process where the kernel cannot empty pages. */
static unsigned this_process(void)
{
    unsigned number, none = 0;
    pthread_once(&process_once, process_init);
    if (process_page == NULL)
        return (unsigned)getpid();
    number = atomic_load(process_page);
    if (number != 0)
        return number;
    number = atomic_fetch_add(&latest_process, 1) + 1;
    return atomic_compare_exchange_strong(process_page, &none, number) ? number : none;
}

/* Makes something this process's: `begin_anew` is called if it was an ancestor's, by one thread, while the others wait. */
static void own(atomic_uint *owner, void (*begin_anew)(void *), void *what)
{
    unsigned process = this_process() << 1; /* one more while it changes its owner */
    for (unsigned found = atomic_load(owner); found != process; found = atomic_load(owner)) {
        if (found == process + 1) {
            sched_yield();
        } else if (atomic_compare_exchange_strong(owner, &found, process + 1)) {
            begin_anew(what);
            atomic_store(owner, process);
        }
    }
}

/* ---- The client's parts */

struct call {
    struct call *next; /* in whichever list it is */
    struct group *group;
    struct connection *connection; /* that it is in flight on; else NULL */
    int64_t connection_number;     /* that it was in flight on last */
    int64_t id;
    int64_t deadline;   /* ms; see now_ms */
    int64_t not_before; /* ms; pending: it is not sent before */
    size_t index;       /* the caller's */
    struct buffer body; /* what follows the id in its line */
    bool timed;         /* what is left of the time follows the body */
    /* When it is done: */
    enum imattr_kind kind;
    int system_error;
    const char *complaint; /* protocol: what was wrong */
    char *line;            /* the answer; NULL if none came */
    struct text result, error; /* in the line; one of them */
};

struct list {
    struct call *first, **end;
};

/* What one thread waits for. */
struct group {
    pthread_cond_t changed;
    struct list done;
    size_t under_way; /* calls that are pending or in flight */
    bool cancelled;
    bool waiting;                  /* in the client's list of those that wait */
    struct group *next_waiting;
    struct imattr_client *client;
    struct imattr_token *token;
    struct group *next_of_token;
    unsigned process; /* that began it */
    int64_t late_since; /* ms; when it was found to be late, 0 if it is not */
};

struct connection {
    struct connection *next;
    int64_t number; /* never used twice in a client */
    int file;
    atomic_int *slot; /* where the client has the file for forked processes */
    struct list in_flight;
    struct buffer output;  /* what could not be sent at once */
    struct buffer input;   /* the leader's alone */
    size_t scanned;        /* of the input, without finding a line's end */
    bool useful;           /* has answered */
    bool broken;           /* is not read from any more; to be closed by a leader */
};

struct imattr_client {
    atomic_uint owner;   /* the process; see `own` */
    /* The files of the connections, -1 for none: what a forked process closes even if the lists were being changed. */
    atomic_int files[MOST_CONNECTIONS];
    bool torn; /* forked while the lists were being changed */
    pthread_mutex_t mutex;
    pthread_cond_t left; /* a thread has left the client */
    char path[sizeof ((struct sockaddr_un *)0)->sun_path + 1]; /* one byte more than the kernel takes, to tell */
    const char *complaint; /* about the arguments of imattr_open; NULL if there is none */
    int wake;            /* an eventfd that ends the leader's poll; -1 if there was no file descriptor for it */
    bool has_leader;
    bool closed;
    bool was_connected;
    size_t threads; /* in calls */
    int64_t latest_id, latest_connection;
    int64_t pause, retry_at; /* ms; the last pause between attempts to connect, and when the next one is */
    unsigned random;
    struct list pending;
    struct connection *connections;
    struct connection *current; /* for new calls; NULL: to be made */
    struct group *waiting;
    int64_t last_look; /* ms; when it was last seen that there is nothing to read */
};

struct imattr_token {
    atomic_uint owner; /* the process; see `own` */
    pthread_mutex_t mutex;
    bool cancelled;
    struct group *groups;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void list_init(struct list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct list *list, struct call *call)
{
    call->next = NULL;
    *list->end = call;
    list->end = &call->next;
}

/* Takes out the call at a link of the list. */
static struct call *list_take(struct list *list, struct call **link)
{
    struct call *call = *link;
    *link = call->next;
    if (call->next == NULL)
        list->end = link;
    return call;
}

static size_t list_count(const struct list *list)
{
    size_t count = 0;
    for (const struct call *call = list->first; call != NULL; call = call->next)
        count++;
    return count;
}

static void list_remove(struct list *list, struct call *call)
{
    for (struct call **link = &list->first; *link != NULL; link = &(*link)->next)
        if (*link == call) {
            list_take(list, link);
            return;
        }
}

static void call_free(struct call *call)
{
    if (call == NULL)
        return;
    free(call->body.at);
    free(call->line);
    free(call);
}

static void wake_leader(struct imattr_client *client)
{
    uint64_t one = 1;
    /* It can only fail because it is set already. */
    if (client->has_leader && write(client->wake, &one, sizeof one) < 0)
        return;
}

/* Moves a call that is in no list to its group's done ones. */
static void finish(struct call *call, enum imattr_kind kind)
{
    call->kind = kind;
    call->connection = NULL;
    call->group->under_way--;
    list_add(&call->group->done, call);
    pthread_cond_signal(&call->group->changed);
}

/* ---- Sending */

/* Sends what it can of a message at once, and keeps the rest for the leader. A connection that cannot be written to may still
 * have something to read, so that only reading finds it broken. */
static void send_parts(struct imattr_client *client, struct connection *connection, struct iovec *parts, size_t count)
{
    ssize_t sent = 0;
    if (connection->output.length == 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        do
            sent = sendmsg(connection->file, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (sent < 0 && errno == EINTR);
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            return;
    }
    size_t skip = sent > 0 ? (size_t)sent : 0;
    for (size_t index = 0; index < count; index++) {
        size_t gone = skip < parts[index].iov_len ? skip : parts[index].iov_len;
        buffer_add(&connection->output, (char *)parts[index].iov_base + gone, parts[index].iov_len - gone);
        skip -= gone;
    }
    if (connection->output.length > 0)
        wake_leader(client);
    if (connection->output.failed)
        shutdown(connection->file, SHUT_RDWR); /* half a line would be worse */
}

/* Sends a call on the current connection. */
static void send_call(struct imattr_client *client, struct call *call)
{
    struct connection *connection = client->current;
    char head[64], tail[32];
    int64_t left = call->deadline - now_ms() - 1; /* the millisecond that has begun is not left */
    if (left < 1)
        left = 1;
    call->id = ++client->latest_id;
    call->connection = connection;
    call->connection_number = connection->number;
    list_add(&connection->in_flight, call);
    int head_length = snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":%" PRId64 ",", call->id);
    int tail_length = call->timed ? snprintf(tail, sizeof tail, "%" PRId64 "}}\n", left) : snprintf(tail, sizeof tail, "}\n");
    struct iovec parts[] = {{head, (size_t)head_length}, {call->body.at, call->body.length}, {tail, (size_t)tail_length}};
    send_parts(client, connection, parts, 3);
}

/* Takes a call back, wherever it is, and finishes it; the daemon is notified. */
static void withdraw(struct imattr_client *client, struct call *call, enum imattr_kind kind)
{
    struct connection *connection = call->connection;
    if (connection == NULL) {
        list_remove(&client->pending, call);
    } else {
        char line[96];
        int length = snprintf(line, sizeof line,
                              "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":%" PRId64 "}}\n", call->id);
        struct iovec part = {line, (size_t)length};
        list_remove(&connection->in_flight, call);
        if (!connection->broken && !client->closed)
            send_parts(client, connection, &part, 1);
    }
    finish(call, kind);
}

/* ---- Connections; all of this is the leader's */

static struct connection *connection_new(struct imattr_client *client, int file)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->file = file;
    list_init(&connection->in_flight);
    for (connection->slot = client->files; atomic_load(connection->slot) >= 0;)
        connection->slot++; /* there are as many as connections */
    atomic_store(connection->slot, file);
    return connection;
}

static void connection_free(struct connection *connection)
{
    atomic_store(connection->slot, -1); /* before the number can be another file's */
    close(connection->file);
    free(connection->input.at);
    free(connection->output.at);
    free(connection);
}

/* No more calls are sent on it; those that are in flight can still be answered. */
static void retire(struct imattr_client *client, struct connection *connection)
{
    if (client->current == connection)
        client->current = NULL;
}

static void fail_pending(struct imattr_client *client, int64_t now, enum imattr_kind kind, int system_error)
{
    for (struct call **link = &client->pending.first; *link != NULL;) {
        if ((*link)->not_before > now) {
            link = &(*link)->next;
            continue;
        }
        struct call *call = list_take(&client->pending, link);
        call->system_error = system_error;
        finish(call, kind);
    }
}

/* Waits before the next attempt to connect: at once the first time if `at_once`, then longer and longer. */
static void back_off(struct imattr_client *client, int64_t now, bool at_once)
{
    if (client->pause == 0 && !at_once)
        client->pause = FIRST_PAUSE;
    client->random = client->random * 1103515245u + 12345u;
    client->retry_at = now + client->pause + (int64_t)(client->random >> 16) % (client->pause / 4 + 1);
    client->pause = client->pause == 0 ? FIRST_PAUSE : client->pause * 2;
    if (client->pause > LONGEST_PAUSE)
        client->pause = LONGEST_PAUSE;
}

/* The errno of connecting; the file if it is 0. */
static int connect_socket(const char *path, int *file)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path)
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, length + 1);
    *file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*file < 0)
        return errno;
    if (connect(*file, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    int error = errno;
    close(*file);
    return error;
}

static void make_connection(struct imattr_client *client, int64_t now)
{
    int file, error = connect_socket(client->path, &file);
    if (error == 0) {
        struct connection *connection = connection_new(client, file);
        if (connection == NULL) {
            close(file);
            fail_pending(client, now, IMATTR_NO_MEMORY, 0);
            return;
        }
        connection->number = ++client->latest_connection;
        connection->next = client->connections;
        client->connections = client->current = connection;
        client->was_connected = true;
    } else if (error == EAGAIN || ((error == ENOENT || error == ECONNREFUSED) && client->was_connected)) {
        back_off(client, now, false);
    } else {
        fail_pending(client, now, IMATTR_UNREACHABLE, error);
    }
}

static size_t connection_count(const struct imattr_client *client)
{
    size_t count = 0;
    for (const struct connection *one = client->connections; one != NULL; one = one->next)
        count++;
    return count;
}

/* Connects if something is due to be sent, and sends it. When there is something to do again, in ms of the clock. */
static int64_t serve_pending(struct imattr_client *client)
{
    int64_t now = now_ms(), next = INT64_MAX;
    bool due = false;
    for (struct call *call = client->pending.first; call != NULL; call = call->next) {
        if (call->not_before <= now)
            due = true;
        else if (call->not_before < next)
            next = call->not_before;
    }
    if (!due)
        return next;
    if (client->current == NULL && client->retry_at <= now && connection_count(client) < MOST_CONNECTIONS)
        make_connection(client, now);
    if (client->current == NULL)
        return client->pending.first != NULL && client->retry_at > now ? client->retry_at : next;
    for (struct call **link = &client->pending.first; *link != NULL;) {
        if ((*link)->not_before <= now)
            send_call(client, list_take(&client->pending, link));
        else
            link = &(*link)->next;
    }
    return next;
}

/* Closes what is broken, or has nothing left to answer and is not for new calls. */
static void sweep(struct imattr_client *client)
{
    for (struct connection **link = &client->connections; *link != NULL;) {
        struct connection *connection = *link;
        if (!connection->broken && (connection == client->current || connection->in_flight.first != NULL)) {
            link = &connection->next;
            continue;
        }
        retire(client, connection);
        *link = connection->next;
        connection_free(connection);
    }
}

/* The connection has ended; what was in flight is asked again on another one. */
static void connection_ended(struct imattr_client *client, struct connection *connection)
{
    if (connection->useful)
        client->pause = client->retry_at = 0;
    else
        back_off(client, now_ms(), true);
    connection->broken = true;
    retire(client, connection);
    while (connection->in_flight.first != NULL) {
        struct call *call = list_take(&connection->in_flight, &connection->in_flight.first);
        call->connection = NULL;
        call->not_before = 0;
        list_add(&client->pending, call);
        pthread_cond_signal(&call->group->changed); /* its time is up earlier now */
    }
}

/* What is in flight on a connection fails, and the connection is over. */
static void connection_failed(struct imattr_client *client, struct connection *connection, const char *complaint)
{
    connection->broken = true;
    retire(client, connection);
    while (connection->in_flight.first != NULL) {
        struct call *call = list_take(&connection->in_flight, &connection->in_flight.first);
        call->complaint = complaint;
        finish(call, IMATTR_PROTOCOL);
    }
}

/* ---- Answers */

struct answer {
    struct text line, id, result, error;
    int64_t code;
    int64_t retry_after_ms;
};

/* Whether an error is an object with an integer and a string as the specification has it. */
static bool read_error(struct answer *answer)
{
    struct text code, message, data, pause;
    if (!find_member(answer->error, "code", &code) || !read_integer(code, &answer->code) ||
        !find_member(answer->error, "message", &message) || *message.at != '"')
        return false;
    if (find_member(answer->error, "data", &data) && find_member(data, "retryAfterMs", &pause))
        read_integer(pause, &answer->retry_after_ms);
    return true;
}

/* Reads a line; false if it is no answer of JSON-RPC 2.0. */
static bool read_answer(struct text line, struct answer *answer)
{
    static const char *const names[] = {"jsonrpc", "id", "result", "error"};
    struct text found[4];
    const char *begin = skip_space(line.at, line.at + line.length), *end = line.at + line.length;
    while (end > begin && skip_space(end - 1, end) == end)
        end--;
    if (!find_members((struct text){begin, (size_t)(end - begin)}, 4, names, found))
        return false;
    struct text version = found[0];
    *answer = (struct answer){.line = line, .id = found[1], .result = found[2], .error = found[3]};
    if (version.length == 0 || *version.at != '"' || !string_is(version, "2.0") || answer->id.length == 0)
        return false;
    if (*answer->id.at == '{' || *answer->id.at == '[' || *answer->id.at == 't' || *answer->id.at == 'f')
        return false;
    if ((answer->result.length > 0) == (answer->error.length > 0))
        return false;
    return answer->error.length > 0 ? read_error(answer) : !text_is(answer->id, "null");
}

/* Gives a call its answer. */
static void answer_call(struct call *call, const struct answer *answer)
{
    call->line = malloc(answer->line.length + 1);
    if (call->line == NULL) {
        finish(call, IMATTR_NO_MEMORY);
        return;
    }
    memcpy(call->line, answer->line.at, answer->line.length);
    call->line[answer->line.length] = '\0';
    bool refused = answer->error.length > 0;
    struct text part = refused ? answer->error : answer->result;
    part.at = call->line + (part.at - answer->line.at);
    *(refused ? &call->error : &call->result) = part;
    finish(call, refused ? IMATTR_REFUSED : IMATTR_OK);
}

/* Acts on an answer. */
static void dispatch(struct imattr_client *client, struct connection *connection, const struct answer *answer)
{
    int64_t id;
    if (text_is(answer->id, "null")) {
        while (connection->in_flight.first != NULL)
            answer_call(list_take(&connection->in_flight, &connection->in_flight.first), answer);
        connection->broken = true;
        retire(client, connection);
        return;
    }
    connection->useful = true;
    client->pause = 0;
    struct call **link = &connection->in_flight.first;
    if (!read_integer(answer->id, &id))
        return;
    while (*link != NULL && (*link)->id != id)
        link = &(*link)->next;
    if (*link == NULL)
        return; /* it was withdrawn */
    struct call *call = list_take(&connection->in_flight, link);
    if (answer->error.length == 0 || answer->code != SHUTTING_DOWN) {
        answer_call(call, answer);
        return;
    }
    retire(client, connection);
    call->connection = NULL;
    /* so that a daemon cannot keep us connecting without a pause */
    call->not_before = now_ms() + (answer->retry_after_ms > FIRST_PAUSE ? answer->retry_after_ms : FIRST_PAUSE);
    list_add(&client->pending, call);
    pthread_cond_signal(&call->group->changed);
}

static bool is_blank(struct text line)
{
    return skip_space(line.at, line.at + line.length) == line.at + line.length;
}

/* Acts on the whole lines of the input. Called without the mutex, which is taken for each line, not while it is read. */
static void read_lines(struct imattr_client *client, struct connection *connection)
{
    struct buffer *input = &connection->input;
    size_t from = 0;
    char *end;
    while ((end = memchr(input->at + connection->scanned, '\n', input->length - connection->scanned)) != NULL) {
        struct text line = {input->at + from, (size_t)(end - input->at) - from};
        struct answer answer;
        from = connection->scanned = (size_t)(end - input->at) + 1;
        if (is_blank(line))
            continue;
        bool good = read_answer(line, &answer);
        pthread_mutex_lock(&client->mutex);
        if (good)
            dispatch(client, connection, &answer);
        else
            connection_failed(client, connection, "a line that is no answer of JSON-RPC 2.0");
        bool broken = connection->broken;
        pthread_mutex_unlock(&client->mutex);
        if (broken)
            return;
    }
    memmove(input->at, input->at + from, input->length - from);
    input->length -= from;
    connection->scanned = input->length;
    if (input->length > LONGEST_ANSWER) {
        pthread_mutex_lock(&client->mutex);
        connection_failed(client, connection, "an answer of more than 256 MiB");
        pthread_mutex_unlock(&client->mutex);
    } else if (input->length == 0 && input->capacity > KEPT_INPUT) {
        free(input->at);
        *input = (struct buffer){0};
    }
}

/* Reads what is there. Called without the mutex. */
static void read_connection(struct imattr_client *client, struct connection *connection)
{
    struct buffer *input = &connection->input;
    ssize_t count = -1;
    if (buffer_reserve(input, READ_AT_ONCE)) {
        do
            count = recv(connection->file, input->at + input->length, input->capacity - input->length, MSG_DONTWAIT);
        while (count < 0 && errno == EINTR);
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
    }
    if (count > 0) {
        input->length += (size_t)count;
        read_lines(client, connection);
        return;
    }
    pthread_mutex_lock(&client->mutex);
    connection_ended(client, connection);
    pthread_mutex_unlock(&client->mutex);
}

/* Sends what could not be sent before. */
static void flush_output(struct connection *connection)
{
    struct buffer *output = &connection->output;
    ssize_t sent = send(connection->file, output->at, output->length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    size_t gone = sent < 0 ? output->length : (size_t)sent; /* reading will find that it has ended */
    memmove(output->at, output->at + gone, output->length - gone);
    output->length -= gone;
}

/* Another thread that waits becomes the leader. */
static void hand_over(struct imattr_client *client)
{
    if (client->waiting != NULL)
        pthread_cond_signal(&client->waiting->changed);
}

/* Starts a call: sends it, or leaves it to the leader, who will connect. Called with the mutex. */
static void start(struct imattr_client *client, struct call *call)
{
    struct connection *current = client->current;
    char byte;
    call->group->under_way++;
    /* What lies unread on an idle connection is about nothing of ours: most likely that it has ended. */
    if (current != NULL && current->in_flight.first == NULL && !client->has_leader &&
        recv(current->file, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) {
        client->has_leader = true;
        pthread_mutex_unlock(&client->mutex);
        read_connection(client, current);
        pthread_mutex_lock(&client->mutex);
        client->has_leader = false;
        hand_over(client);
    }
    if (client->current != NULL) {
        send_call(client, call);
        return;
    }
    list_add(&client->pending, call);
    wake_leader(client);
}

/* ---- Waiting */

/* When the first call of a group is to be given up, in ms of the clock. */
static void earliest(const struct list *list, const struct group *group, int64_t grace, int64_t *when)
{
    for (const struct call *call = list->first; call != NULL; call = call->next)
        if (call->group == group && call->deadline + grace < *when)
            *when = call->deadline + grace;
}

static int64_t give_up_time(struct imattr_client *client, const struct group *group)
{
    int64_t when = INT64_MAX;
    earliest(&client->pending, group, 0, &when);
    for (struct connection *one = client->connections; one != NULL; one = one->next)
        earliest(&one->in_flight, group, GRACE, &when);
    return when;
}

/* Withdraws those calls of a list that are a group's and late. */
static void give_up_late(struct imattr_client *client, struct list *list, const struct group *group, int64_t latest,
                         enum imattr_kind kind)
{
    for (struct call *call = list->first, *next; call != NULL; call = next) {
        next = call->next;
        if (call->group == group && call->deadline <= latest)
            withdraw(client, call, kind);
    }
}

/* Whether a group, late since `until`, has waited in vain: a process that was stopped, or had other things to do, can find
 * its answers in the socket. So there must have been nothing to read since. While answers to others come without an end, some
 * time is enough. */
static bool in_vain(struct imattr_client *client, struct group *group, int64_t until)
{
    if (group->late_since == 0)
        group->late_since = now_ms();
    return client->last_look >= until || now_ms() - group->late_since >= LONGEST_LOOK;
}

/* Withdraws what is late of a group, since `until`. */
static void give_up(struct imattr_client *client, struct group *group, int64_t until)
{
    int64_t now = now_ms();
    give_up_late(client, &client->pending, group, now, IMATTR_LOST);
    if (group->done.first != NULL || !in_vain(client, group, until))
        return;
    for (struct connection *one = client->connections; one != NULL; one = one->next)
        give_up_late(client, &one->in_flight, group, now - GRACE, IMATTR_DEADLINE);
}

/* Withdraws all calls of a group. */
static void give_up_all(struct imattr_client *client, const struct group *group)
{
    give_up_late(client, &client->pending, group, INT64_MAX, IMATTR_CANCELLED);
    for (struct connection *one = client->connections; one != NULL; one = one->next)
        give_up_late(client, &one->in_flight, group, INT64_MAX, IMATTR_CANCELLED);
}

static void drain_wake(int file)
{
    uint64_t count;
    if (read(file, &count, sizeof count) < 0)
        return; /* no thread woke us */
}

/* There was nothing to read: groups that are late can give up. */
static void looked(struct imattr_client *client, int64_t when)
{
    client->last_look = when;
    for (struct group *one = client->waiting; one != NULL; one = one->next_waiting)
        if (one->late_since != 0)
            pthread_cond_signal(&one->changed);
}

/* One turn of the leader: connects, waits until something can be read or `until`, and reads. Called with the mutex. */
static void lead(struct imattr_client *client, const struct group *group, int64_t until)
{
    struct pollfd files[MOST_CONNECTIONS + 1] = {{.fd = client->wake, .events = POLLIN}};
    struct connection *connections[MOST_CONNECTIONS + 1];
    nfds_t count = 1;
    sweep(client);
    int64_t next = serve_pending(client);
    if (group->done.first != NULL)
        return; /* it could not connect */
    if (next < until)
        until = next;
    for (struct connection *one = client->connections; one != NULL; one = one->next, count++) {
        connections[count] = one;
        short events = one->output.length > 0 ? POLLIN | POLLOUT : POLLIN;
        files[count] = (struct pollfd){.fd = one->file, .events = events};
    }
    int64_t now = now_ms(), left = until - now;
    int timeout = until == INT64_MAX ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left + 1;
    pthread_mutex_unlock(&client->mutex);
    int found = poll(files, count, timeout);
    bool ready = found > 0, readable = found < 0; /* a signal: it is not known */
    if (ready && files[0].revents != 0)
        drain_wake(client->wake);
    for (nfds_t index = 1; ready && index < count; index++) {
        if ((files[index].revents & POLLOUT) != 0) {
            pthread_mutex_lock(&client->mutex);
            flush_output(connections[index]);
            pthread_mutex_unlock(&client->mutex);
        }
        if ((files[index].revents & ~POLLOUT) != 0) {
            readable = true;
            read_connection(client, connections[index]);
        }
    }
    pthread_mutex_lock(&client->mutex);
    if (!readable)
        looked(client, now);
}

static void sleep_until(struct imattr_client *client, struct group *group, int64_t until)
{
    if (until == INT64_MAX) {
        pthread_cond_wait(&group->changed, &client->mutex);
        return;
    }
    struct timespec when = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000};
    pthread_cond_timedwait(&group->changed, &client->mutex, &when);
}

/* Waits until a call of the group is done. There must be one that is done or in flight. Called with the mutex. */
static struct call *wait_for_one(struct imattr_client *client, struct group *group)
{
    group->next_waiting = client->waiting;
    client->waiting = group;
    while (group->done.first == NULL) {
        if (group->cancelled || client->closed) {
            give_up_all(client, group);
            break;
        }
        int64_t until = give_up_time(client, group);
        if (until <= now_ms())
            give_up(client, group, until);
        if (group->done.first != NULL)
            break;
        if (client->has_leader) {
            if (group->late_since != 0)
                wake_leader(client);
            sleep_until(client, group, group->late_since != 0 ? group->late_since + LONGEST_LOOK : until);
        } else {
            client->has_leader = true;
            lead(client, group, until);
            client->has_leader = false;
        }
    }
    for (struct group **link = &client->waiting; *link != NULL; link = &(*link)->next_waiting)
        if (*link == group) {
            *link = group->next_waiting;
            break;
        }
    group->late_since = 0;
    if (!client->has_leader) {
        sweep(client);
        hand_over(client);
    }
    return list_take(&group->done, &group->done.first);
}

/* ---- Clients */

struct imattr_client *imattr_open(const char *socket_path)
{
    struct imattr_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (client->wake < 0) {
        free(client);
        return NULL;
    }
    if (socket_path != NULL && *socket_path == '\0')
        client->complaint = "socket_path is empty; NULL means the default";
    if (socket_path == NULL)
        socket_path = getenv("IMATTRD_SOCKET");
    if (socket_path == NULL || *socket_path == '\0')
        socket_path = DEFAULT_SOCKET;
    snprintf(client->path, sizeof client->path, "%s", socket_path);
    atomic_init(&client->owner, this_process() << 1);
    for (size_t index = 0; index < MOST_CONNECTIONS; index++)
        atomic_init(&client->files[index], -1);
    client->random = (unsigned)now_ms() ^ (unsigned)getpid() << 16;
    pthread_mutex_init(&client->mutex, NULL);
    pthread_cond_init(&client->left, NULL);
    list_init(&client->pending);
    return client;
}

static void list_free(struct list *list)
{
    while (list->first != NULL)
        call_free(list_take(list, &list->first));
}

/* Frees what an ancestor of this process had in flight. A thread that waits there has not been copied, but its calls were. */
static void forget_calls(struct imattr_client *client)
{
    list_free(&client->pending);
    while (client->connections != NULL) {
        struct connection *connection = client->connections;
        client->connections = connection->next;
        list_free(&connection->in_flight);
        free(connection->output.at);
        if (!client->has_leader) /* which can have been about to make it larger */
            free(connection->input.at);
        free(connection);
    }
}

/* A forked process has a client as it was, with the connections of its parent: it closes its copies of the files, without a
 * word to the daemon. Other threads of the parent are not there any more, but their locks are, and what they were changing: if
 * there was such a thread, the memory is left as it is. */
static void begin_client_anew(void *argument)
{
    struct imattr_client *client = argument;
    for (size_t index = 0; index < MOST_CONNECTIONS; index++) {
        int file = atomic_exchange(&client->files[index], -1);
        if (file >= 0)
            close(file);
    }
    if (client->wake >= 0)
        close(client->wake);
    client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    client->torn = pthread_mutex_trylock(&client->mutex) != 0;
    if (!client->torn)
        forget_calls(client);
    pthread_mutex_init(&client->mutex, NULL);
    pthread_cond_init(&client->left, NULL);
    list_init(&client->pending);
    client->connections = client->current = NULL;
    client->waiting = NULL;
    client->has_leader = client->was_connected = false;
    client->threads = 0;
    client->pause = client->retry_at = 0;
    client->random ^= (unsigned)getpid() << 16;
}

static void own_client(struct imattr_client *client)
{
    own(&client->owner, begin_client_anew, client);
}

static const char FOREIGN_STREAM[] = "the stream belongs to the process that this one was forked from";

static bool is_ours(const struct group *group)
{
    return group->process == this_process();
}

static void drop_connections(struct imattr_client *client)
{
    for (struct connection *one = client->connections; one != NULL; one = one->next)
        connection_ended(client, one);
    sweep(client);
}

void imattr_close(struct imattr_client *client)
{
    if (client == NULL)
        return;
    own_client(client);
    pthread_mutex_lock(&client->mutex);
    client->closed = true;
    for (struct group *one = client->waiting; one != NULL; one = one->next_waiting)
        pthread_cond_signal(&one->changed);
    wake_leader(client);
    if (client->threads == 0)
        drop_connections(client);
    pthread_mutex_unlock(&client->mutex);
}

void imattr_free(struct imattr_client *client)
{
    if (client == NULL)
        return;
    imattr_close(client);
    pthread_mutex_lock(&client->mutex);
    while (client->threads > 0)
        pthread_cond_wait(&client->left, &client->mutex);
    pthread_mutex_unlock(&client->mutex);
    if (client->wake >= 0)
        close(client->wake);
    pthread_cond_destroy(&client->left);
    pthread_mutex_destroy(&client->mutex);
    free(client);
}

/* Takes the mutex for a call; false, with the error set, if the call cannot be made. */
static bool enter(struct imattr_client *client, const struct group *group, struct imattr_error *error)
{
    if (!is_ours(group)) {
        set_error(error, IMATTR_CANCELLED, "%s", FOREIGN_STREAM);
        return false;
    }
    own_client(client);
    pthread_mutex_lock(&client->mutex);
    if (client->wake < 0)
        client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (client->closed || group->cancelled) {
        set_error(error, IMATTR_CANCELLED, client->closed ? "the client is closed" : "the call was cancelled");
    } else if (client->wake < 0) {
        set_error(error, IMATTR_NO_MEMORY, "no file descriptor is left for a client in a forked process");
    } else {
        client->threads++;
        return true;
    }
    pthread_mutex_unlock(&client->mutex);
    return false;
}

static void leave(struct imattr_client *client)
{
    client->threads--;
    if (client->closed && client->threads == 0) {
        drop_connections(client);
        pthread_cond_broadcast(&client->left);
    }
    pthread_mutex_unlock(&client->mutex);
}

/* ---- Cancelling. A token's mutex is taken before a client's. */

struct imattr_token *imattr_token_new(void)
{
    struct imattr_token *token = calloc(1, sizeof *token);
    if (token == NULL)
        return NULL;
    atomic_init(&token->owner, this_process() << 1);
    pthread_mutex_init(&token->mutex, NULL);
    return token;
}

static void begin_token_anew(void *argument)
{
    struct imattr_token *token = argument;
    pthread_mutex_init(&token->mutex, NULL);
    token->groups = NULL; /* the parent's */
}

static void lock_token(struct imattr_token *token)
{
    own(&token->owner, begin_token_anew, token);
    pthread_mutex_lock(&token->mutex);
}

void imattr_cancel(struct imattr_token *token)
{
    if (token == NULL)
        return;
    lock_token(token);
    token->cancelled = true;
    for (struct group *one = token->groups; one != NULL; one = one->next_of_token) {
        pthread_mutex_lock(&one->client->mutex);
        one->cancelled = true;
        pthread_cond_signal(&one->changed);
        wake_leader(one->client);
        pthread_mutex_unlock(&one->client->mutex);
    }
    pthread_mutex_unlock(&token->mutex);
}

void imattr_token_free(struct imattr_token *token)
{
    if (token == NULL)
        return;
    pthread_mutex_destroy(&token->mutex);
    free(token);
}

static void group_init(struct group *group, struct imattr_client *client, struct imattr_token *token)
{
    pthread_condattr_t attributes;
    *group = (struct group){.client = client, .token = token, .process = this_process()};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&group->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    list_init(&group->done);
    if (token == NULL)
        return;
    lock_token(token);
    group->cancelled = token->cancelled;
    group->next_of_token = token->groups;
    token->groups = group;
    pthread_mutex_unlock(&token->mutex);
}

/* Withdraws what is in flight, and frees what the group has. What is in flight of a parent's group is the parent's. */
static void group_end(struct group *group)
{
    struct imattr_token *token = group->token;
    own_client(group->client);
    if (!is_ours(group)) {
        if (!group->client->torn)
            list_free(&group->done);
        return;
    }
    if (token != NULL) {
        lock_token(token);
        for (struct group **link = &token->groups; *link != NULL; link = &(*link)->next_of_token)
            if (*link == group) {
                *link = group->next_of_token;
                break;
            }
        pthread_mutex_unlock(&token->mutex);
    }
    pthread_mutex_lock(&group->client->mutex);
    give_up_all(group->client, group);
    pthread_mutex_unlock(&group->client->mutex);
    list_free(&group->done);
    pthread_cond_destroy(&group->changed);
}

/* ---- What calls have in common */

/* An argument that must be there. */
static bool check_given(const void *argument, const char *name, struct imattr_error *error)
{
    if (argument == NULL)
        set_error(error, IMATTR_ARGUMENT, "%s is NULL", name);
    return argument != NULL;
}

static bool check_client(const struct imattr_client *client, struct imattr_error *error)
{
    if (!check_given(client, "client", error))
        return false;
    if (client->complaint != NULL)
        set_error(error, IMATTR_ARGUMENT, "imattr_open: %s", client->complaint);
    return client->complaint == NULL;
}

static bool check_options(const struct imattr_options *options, struct imattr_error *error)
{
    if (options->timeout_ms < 1 || options->timeout_ms > 600000)
        set_error(error, IMATTR_ARGUMENT, "timeout_ms is %d; 1 to 600000 are allowed", options->timeout_ms);
    else if (options->max_age_ms < 0 || options->max_age_ms > 3600000)
        set_error(error, IMATTR_ARGUMENT, "max_age_ms is %d; 0 to 3600000 are allowed", options->max_age_ms);
    else if (options->batch < 1 || options->batch > 10000)
        set_error(error, IMATTR_ARGUMENT, "batch is %zu; 1 to 10000 are allowed", options->batch);
    else if (options->in_flight < 1 || options->in_flight > 1024)
        set_error(error, IMATTR_ARGUMENT, "in_flight is %zu; 1 to 1024 are allowed", options->in_flight);
    else
        return true;
    return false;
}

static struct imattr_options options_or_defaults(const struct imattr_options *options)
{
    return options != NULL ? *options : (struct imattr_options)IMATTR_OPTIONS;
}

/* The length of an account, 0 with the error set if it is none. */
static size_t check_account(const char *account, size_t index, struct imattr_error *error)
{
    size_t length = account == NULL ? 0 : strnlen(account, LONGEST_ACCOUNT + 1);
    if (account == NULL)
        set_error(error, IMATTR_ARGUMENT, "accounts[%zu] is NULL", index);
    else if (length == 0)
        set_error(error, IMATTR_ARGUMENT, "accounts[%zu] is empty; 1 to 255 bytes are allowed", index);
    else if (length > LONGEST_ACCOUNT)
        set_error(error, IMATTR_ARGUMENT, "accounts[%zu] has more than 255 bytes", index);
    else if (!is_utf8(account, length))
        set_error(error, IMATTR_ARGUMENT, "accounts[%zu] is not UTF-8", index);
    else
        return length;
    return 0;
}

static void set_unreachable(struct imattr_error *error, const char *path, int system_error)
{
    char buffer[128];
    const char *advice = system_error == EACCES || system_error == EPERM
                             ? "; this user is not in group imattr: usermod -aG imattr USER, then log in again"
                         : system_error == ENAMETOOLONG ? "; the path of a socket has at most 107 bytes"
                                                        : "; is imattrd running? See: systemctl status imattrd.socket";
    if (error == NULL)
        return;
    const char *reason = strerror_r(system_error, buffer, sizeof buffer);
    set_error(error, IMATTR_UNREACHABLE, "cannot reach imattrd at %s: %s%s", path, reason, advice);
    error->system_error = system_error;
}

/* Why a call has no result. */
static void set_failure(struct imattr_error *error, const struct imattr_client *client, const struct call *call, int timeout_ms)
{
    switch (call->kind) {
    case IMATTR_REFUSED: set_refused(error, call->error); break;
    case IMATTR_UNREACHABLE: set_unreachable(error, client->path, call->system_error); break;
    case IMATTR_LOST:
        set_error(error, IMATTR_LOST, "imattrd at %s went away and did not come back within %d ms", client->path, timeout_ms);
        break;
    case IMATTR_DEADLINE: set_error(error, IMATTR_DEADLINE, "imattrd did not answer within %d ms", timeout_ms); break;
    case IMATTR_PROTOCOL:
        set_error(error, IMATTR_PROTOCOL, "what listens at %s does not speak imattrd's protocol: %s", client->path,
                  call->complaint);
        break;
    case IMATTR_OK:
    case IMATTR_ARGUMENT:
    case IMATTR_CANCELLED: set_error(error, IMATTR_CANCELLED, "the call was cancelled"); break;
    case IMATTR_NO_MEMORY: set_error(error, IMATTR_NO_MEMORY, "out of memory"); break;
    }
}

static void set_no_memory(struct imattr_error *error)
{
    set_error(error, IMATTR_NO_MEMORY, "out of memory");
}

/* An answer was not what it should be: the connection that brought it is closed. */
static void reject(struct imattr_client *client, struct call *call, const char *complaint)
{
    call->kind = IMATTR_PROTOCOL;
    call->complaint = complaint;
    pthread_mutex_lock(&client->mutex);
    for (struct connection *one = client->connections; one != NULL; one = one->next)
        if (one->number == call->connection_number)
            connection_failed(client, one, complaint);
    wake_leader(client);
    if (!client->has_leader)
        sweep(client);
    pthread_mutex_unlock(&client->mutex);
}

static struct call *call_new(struct group *group, int64_t deadline)
{
    struct call *call = calloc(1, sizeof *call);
    if (call != NULL) {
        call->group = group;
        call->deadline = deadline;
    }
    return call;
}

/* ---- Calls of any method */

/* Adds params on one line: outside of strings, where they cannot be, line ends are white space. */
static bool add_params(struct buffer *body, const char *params)
{
    size_t length = strlen(params);
    const char *begin = skip_space(params, params + length), *end = params + length;
    if (begin == end || (*begin != '{' && *begin != '[') || (end = skip_container(begin, end, 0)) == NULL ||
        *skip_space(end, params + length) != '\0')
        return false;
    buffer_add_text(body, ",\"params\":");
    size_t from = body->length;
    buffer_add(body, begin, (size_t)(end - begin));
    for (size_t index = from; index < body->length; index++)
        if (body->at[index] == '\n' || body->at[index] == '\r')
            body->at[index] = ' ';
    return true;
}

/* Makes a call and waits for it. The call is to be freed; NULL after an error. */
static struct call *ask(struct imattr_client *client, const char *method, const char *params,
                        const struct imattr_options *given, struct imattr_error *error)
{
    struct imattr_options options = options_or_defaults(given);
    struct group group;
    if (!check_client(client, error) || !check_given(method, "method", error) || !check_options(&options, error))
        return NULL;
    if (!is_utf8(method, strlen(method))) {
        set_error(error, IMATTR_ARGUMENT, "method is not UTF-8");
        return NULL;
    }
    group_init(&group, client, options.token);
    struct call *call = call_new(&group, now_ms() + options.timeout_ms);
    bool good = call != NULL;
    set_no_memory(error);
    if (good) {
        buffer_add_text(&call->body, "\"method\":");
        buffer_add_quoted(&call->body, method, strlen(method));
        good = params == NULL || add_params(&call->body, params);
        if (!good)
            set_error(error, IMATTR_ARGUMENT, "params are not the JSON text of an object or an array");
    }
    good = good && !call->body.failed && enter(client, &group, error);
    if (good) {
        start(client, call);
        wait_for_one(client, &group);
        leave(client);
        good = call->kind == IMATTR_OK;
        if (good)
            set_ok(error);
        else
            set_failure(error, client, call, options.timeout_ms);
    }
    group_end(&group);
    if (good)
        return call;
    call_free(call);
    return NULL;
}

char *imattr_call(struct imattr_client *client, const char *method, const char *params,
                  const struct imattr_options *options, struct imattr_error *error)
{
    struct call *call = ask(client, method, params, options, error);
    if (call == NULL)
        return NULL;
    /* The line becomes the result. */
    char *line = call->line;
    memmove(line, call->result.at, call->result.length);
    line[call->result.length] = '\0';
    call->line = NULL;
    call_free(call);
    return line;
}

/* Decodes a string in its place in an answer, which is ours and is not read there again. */
static const char *decode_in_place(struct text json, size_t *length)
{
    char *to = (char *)json.at + 1;
    *length = decode_string(json, to);
    to[*length] = '\0';
    return to;
}

/* ---- The daemon's status */

enum status_kind {
    STATUS_TEXT, /* always said */
    STATUS_OPTIONAL_TEXT,
    STATUS_INTEGER,
    STATUS_NUMBER,
    STATUS_TRUTH,
    STATUS_TEXTS,
    STATUS_COUNTS,
    STATUS_OBJECT
};

/* Where a member of an object is in its structure. */
struct status_member {
    const char *name;
    enum status_kind kind;
    size_t at;
    size_t has; /* where it says that the member is there; NOWHERE if it does not */
    const struct status_member *parts; /* of an object */
    size_t part_count;
};

#define NOWHERE SIZE_MAX
#define AT(of, member) offsetof(struct imattr_##of, member)
#define PARTS(table) table, sizeof table / sizeof *table
#define NO_PARTS NULL, 0

/* clients/contract/status-types prints this from the daemon's own schema. */

static const struct status_member STATUS_DOOR[] = {
    {"accepted", STATUS_INTEGER, AT(status_door, accepted), NOWHERE, NO_PARTS},
    {"refusedByLimit", STATUS_COUNTS, AT(status_door, refused_by_limit), NOWHERE, NO_PARTS},
    {"displacedByLimit", STATUS_COUNTS, AT(status_door, displaced_by_limit), NOWHERE, NO_PARTS},
    {"stuck", STATUS_INTEGER, AT(status_door, stuck), NOWHERE, NO_PARTS},
    {"descriptorShortages", STATUS_INTEGER, AT(status_door, descriptor_shortages), NOWHERE, NO_PARTS},
    {"isShortOfDescriptors", STATUS_TRUTH, AT(status_door, is_short_of_descriptors), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_UPSTREAM_LAST_ERROR[] = {
    {"code", STATUS_INTEGER, AT(status_upstream_last_error, code), NOWHERE, NO_PARTS},
    {"message", STATUS_TEXT, AT(status_upstream_last_error, message), NOWHERE, NO_PARTS},
    {"ErrorInfo", STATUS_OPTIONAL_TEXT, AT(status_upstream_last_error, error_info), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_UPSTREAM[] = {
    {"host", STATUS_TEXT, AT(status_upstream, host), NOWHERE, NO_PARTS},
    {"healthy", STATUS_TRUTH, AT(status_upstream, healthy), NOWHERE, NO_PARTS},
    {"open", STATUS_TRUTH, AT(status_upstream, open), NOWHERE, NO_PARTS},
    {"failuresInARow", STATUS_INTEGER, AT(status_upstream, failures_in_a_row), NOWHERE, NO_PARTS},
    {"lastError", STATUS_OBJECT, AT(status_upstream, last_error), AT(status_upstream, has_last_error), PARTS(STATUS_UPSTREAM_LAST_ERROR)},
};

static const struct status_member STATUS_LIMITER[] = {
    {"rateLimit", STATUS_INTEGER, AT(status_limiter, rate_limit), NOWHERE, NO_PARTS},
    {"currentLimit", STATUS_INTEGER, AT(status_limiter, current_limit), NOWHERE, NO_PARTS},
    {"why", STATUS_OPTIONAL_TEXT, AT(status_limiter, why), NOWHERE, NO_PARTS},
    {"slotsHeld", STATUS_INTEGER, AT(status_limiter, slots_held), NOWHERE, NO_PARTS},
    {"creditMs", STATUS_NUMBER, AT(status_limiter, credit_ms), NOWHERE, NO_PARTS},
    {"callsUnderWay", STATUS_INTEGER, AT(status_limiter, calls_under_way), NOWHERE, NO_PARTS},
    {"maxInFlight", STATUS_INTEGER, AT(status_limiter, max_in_flight), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_QUEUE[] = {
    {"requests", STATUS_INTEGER, AT(status_queue, requests), NOWHERE, NO_PARTS},
    {"waitingAccounts", STATUS_INTEGER, AT(status_queue, waiting_accounts), NOWHERE, NO_PARTS},
    {"oldestWaitingMs", STATUS_INTEGER, AT(status_queue, oldest_waiting_ms), AT(status_queue, has_oldest_waiting_ms), NO_PARTS},
    {"waitingUsers", STATUS_INTEGER, AT(status_queue, waiting_users), NOWHERE, NO_PARTS},
    {"waitingAccountsByUid", STATUS_COUNTS, AT(status_queue, waiting_accounts_by_uid), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_HELD[] = {
    {"answers", STATUS_INTEGER, AT(status_held, answers), NOWHERE, NO_PARTS},
    {"bytes", STATUS_INTEGER, AT(status_held, bytes), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_COUNTERS[] = {
    {"calls", STATUS_INTEGER, AT(status_counters, calls), NOWHERE, NO_PARTS},
    {"accounts", STATUS_INTEGER, AT(status_counters, accounts), NOWHERE, NO_PARTS},
    {"callsNeverSent", STATUS_INTEGER, AT(status_counters, calls_never_sent), NOWHERE, NO_PARTS},
    {"retries", STATUS_INTEGER, AT(status_counters, retries), NOWHERE, NO_PARTS},
    {"signatureRenewals", STATUS_INTEGER, AT(status_counters, signature_renewals), NOWHERE, NO_PARTS},
    {"slowDowns", STATUS_INTEGER, AT(status_counters, slow_downs), NOWHERE, NO_PARTS},
    {"isolations", STATUS_INTEGER, AT(status_counters, isolations), NOWHERE, NO_PARTS},
    {"isolationCalls", STATUS_INTEGER, AT(status_counters, isolation_calls), NOWHERE, NO_PARTS},
    {"fromMemory", STATUS_INTEGER, AT(status_counters, from_memory), NOWHERE, NO_PARTS},
    {"answered", STATUS_INTEGER, AT(status_counters, answered), NOWHERE, NO_PARTS},
    {"failed", STATUS_INTEGER, AT(status_counters, failed), NOWHERE, NO_PARTS},
    {"expired", STATUS_INTEGER, AT(status_counters, expired), NOWHERE, NO_PARTS},
    {"overloaded", STATUS_INTEGER, AT(status_counters, overloaded), NOWHERE, NO_PARTS},
    {"withdrawn", STATUS_INTEGER, AT(status_counters, withdrawn), NOWHERE, NO_PARTS},
    {"stopped", STATUS_INTEGER, AT(status_counters, stopped), NOWHERE, NO_PARTS},
    {"unrequestedAccounts", STATUS_INTEGER, AT(status_counters, unrequested_accounts), NOWHERE, NO_PARTS},
    {"accountsPerCall", STATUS_NUMBER, AT(status_counters, accounts_per_call), NOWHERE, NO_PARTS},
    {"failedCallsByCode", STATUS_COUNTS, AT(status_counters, failed_calls_by_code), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_USER_SIG[] = {
    {"expiresAt", STATUS_INTEGER, AT(status_user_sig, expires_at), AT(status_user_sig, has_expires_at), NO_PARTS},
    {"keySource", STATUS_OPTIONAL_TEXT, AT(status_user_sig, key_source), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_LAST_RELOAD[] = {
    {"at", STATUS_INTEGER, AT(status_last_reload, at), NOWHERE, NO_PARTS},
    {"succeeded", STATUS_TRUTH, AT(status_last_reload, succeeded), NOWHERE, NO_PARTS},
    {"problems", STATUS_TEXTS, AT(status_last_reload, problems), NOWHERE, NO_PARTS},
    {"keysForRestart", STATUS_TEXTS, AT(status_last_reload, keys_for_restart), NOWHERE, NO_PARTS},
};

static const struct status_member STATUS_CALLER_RULE[] = {
    {"name", STATUS_TEXT, AT(status_caller_rule, name), NOWHERE, NO_PARTS},
    {"methods", STATUS_TEXTS, AT(status_caller_rule, methods), AT(status_caller_rule, has_methods), NO_PARTS},
    {"accountPatterns", STATUS_INTEGER, AT(status_caller_rule, account_patterns), AT(status_caller_rule, has_account_patterns), NO_PARTS},
    {"attributes", STATUS_TEXTS, AT(status_caller_rule, attributes), AT(status_caller_rule, has_attributes), NO_PARTS},
    {"share", STATUS_INTEGER, AT(status_caller_rule, share), NOWHERE, NO_PARTS},
    {"accountsPerSecond", STATUS_INTEGER, AT(status_caller_rule, accounts_per_second), AT(status_caller_rule, has_accounts_per_second), NO_PARTS},
    {"maxQueuedAccounts", STATUS_INTEGER, AT(status_caller_rule, max_queued_accounts), AT(status_caller_rule, has_max_queued_accounts), NO_PARTS},
    {"maxAccountsPerRequest", STATUS_INTEGER, AT(status_caller_rule, max_accounts_per_request), AT(status_caller_rule, has_max_accounts_per_request), NO_PARTS},
    {"minMaxAgeMs", STATUS_INTEGER, AT(status_caller_rule, min_max_age_ms), AT(status_caller_rule, has_min_max_age_ms), NO_PARTS},
    {"audit", STATUS_OPTIONAL_TEXT, AT(status_caller_rule, audit), NOWHERE, NO_PARTS},
    {"connections", STATUS_INTEGER, AT(status_caller_rule, connections), AT(status_caller_rule, has_connections), NO_PARTS},
    {"requests", STATUS_INTEGER, AT(status_caller_rule, requests), NOWHERE, NO_PARTS},
    {"accounts", STATUS_INTEGER, AT(status_caller_rule, accounts), NOWHERE, NO_PARTS},
    {"refused", STATUS_INTEGER, AT(status_caller_rule, refused), NOWHERE, NO_PARTS},
    {"waitingAccounts", STATUS_INTEGER, AT(status_caller_rule, waiting_accounts), AT(status_caller_rule, has_waiting_accounts), NO_PARTS},
    {"accountsInLastSecond", STATUS_INTEGER, AT(status_caller_rule, accounts_in_last_second), AT(status_caller_rule, has_accounts_in_last_second), NO_PARTS},
    {"isDelayed", STATUS_TRUTH, AT(status_caller_rule, is_delayed), AT(status_caller_rule, has_is_delayed), NO_PARTS},
};

static const struct status_member STATUS_CALLER[] = {
    {"uid", STATUS_INTEGER, AT(status_caller, uid), NOWHERE, NO_PARTS},
    {"socket", STATUS_TEXT, AT(status_caller, socket), NOWHERE, NO_PARTS},
    {"access", STATUS_TEXT, AT(status_caller, access), NOWHERE, NO_PARTS},
    {"because", STATUS_OPTIONAL_TEXT, AT(status_caller, because), NOWHERE, NO_PARTS},
    {"rule", STATUS_OBJECT, AT(status_caller, rule), AT(status_caller, has_rule), PARTS(STATUS_CALLER_RULE)},
};

static const struct status_member STATUS[] = {
    {"version", STATUS_TEXT, AT(status, version), NOWHERE, NO_PARTS},
    {"pid", STATUS_INTEGER, AT(status, pid), NOWHERE, NO_PARTS},
    {"uptimeSeconds", STATUS_INTEGER, AT(status, uptime_seconds), NOWHERE, NO_PARTS},
    {"state", STATUS_TEXT, AT(status, state), NOWHERE, NO_PARTS},
    {"reasons", STATUS_TEXTS, AT(status, reasons), NOWHERE, NO_PARTS},
    {"connections", STATUS_INTEGER, AT(status, connections), NOWHERE, NO_PARTS},
    {"bufferedBytes", STATUS_INTEGER, AT(status, buffered_bytes), NOWHERE, NO_PARTS},
    {"door", STATUS_OBJECT, AT(status, door), NOWHERE, PARTS(STATUS_DOOR)},
    {"requests", STATUS_COUNTS, AT(status, requests), NOWHERE, NO_PARTS},
    {"upstream", STATUS_OBJECT, AT(status, upstream), AT(status, has_upstream), PARTS(STATUS_UPSTREAM)},
    {"limiter", STATUS_OBJECT, AT(status, limiter), AT(status, has_limiter), PARTS(STATUS_LIMITER)},
    {"queue", STATUS_OBJECT, AT(status, queue), AT(status, has_queue), PARTS(STATUS_QUEUE)},
    {"held", STATUS_OBJECT, AT(status, held), AT(status, has_held), PARTS(STATUS_HELD)},
    {"counters", STATUS_OBJECT, AT(status, counters), AT(status, has_counters), PARTS(STATUS_COUNTERS)},
    {"userSig", STATUS_OBJECT, AT(status, user_sig), AT(status, has_user_sig), PARTS(STATUS_USER_SIG)},
    {"lastReload", STATUS_OBJECT, AT(status, last_reload), AT(status, has_last_reload), PARTS(STATUS_LAST_RELOAD)},
    {"caller", STATUS_OBJECT, AT(status, caller), AT(status, has_caller), PARTS(STATUS_CALLER)},
};
/* end of what status-types prints */

#undef AT
#undef PARTS
#undef NO_PARTS

/* The text of a JSON string, in its place; NULL if it is none. */
static const char *status_text(struct text json)
{
    size_t length;
    return *json.at == '"' ? decode_in_place(json, &length) : NULL;
}

static bool read_number(struct text json, double *number)
{
    char digits[64], *end;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0 || json.length >= sizeof digits || (*json.at != '-' && !is_digit(*json.at)))
        return false;
    memcpy(digits, json.at, json.length);
    digits[json.length] = '\0';
    *number = strtod_l(digits, &end, plain);
    freelocale(plain);
    return *end == '\0';
}

/* Each of these is false if a value is of another type, or there is no memory. */
static bool read_texts(struct text json, struct imattr_texts *texts)
{
    const char *at = json.at;
    struct text entry;
    if (*at != '[')
        return false;
    for (bool first = true; next_element(&at, json.at + json.length, first, NULL, &entry, 0); first = false) {
        const char **more = realloc(texts->at, (texts->count + 1) * sizeof *more);
        if (more == NULL)
            return false;
        texts->at = more;
        if ((more[texts->count] = status_text(entry)) == NULL)
            return false;
        texts->count++;
    }
    return true;
}

static bool read_counts(struct text json, struct imattr_counts *counts)
{
    const char *at = json.at;
    struct text key, value;
    if (*at != '{')
        return false;
    for (bool first = true; next_element(&at, json.at + json.length, first, &key, &value, 0); first = false) {
        struct imattr_count *more = realloc(counts->at, (counts->count + 1) * sizeof *more);
        if (more == NULL)
            return false;
        counts->at = more;
        if (!read_integer(value, &more[counts->count].count))
            return false;
        more[counts->count++].name = status_text(key);
    }
    return true;
}

static bool read_status_object(struct text json, const struct status_member *members, size_t count, char *to);

static bool read_status_member(struct text json, const struct status_member *member, char *to)
{
    void *at = to + member->at;
    switch (member->kind) {
    case STATUS_TEXT:
    case STATUS_OPTIONAL_TEXT: return (*(const char **)at = status_text(json)) != NULL;
    case STATUS_INTEGER: return read_integer(json, at);
    case STATUS_NUMBER: return read_number(json, at);
    case STATUS_TRUTH: *(bool *)at = text_is(json, "true"); return *(bool *)at || text_is(json, "false");
    case STATUS_TEXTS: return read_texts(json, at);
    case STATUS_COUNTS: return read_counts(json, at);
    case STATUS_OBJECT: return read_status_object(json, member->parts, member->part_count, at);
    }
    return false;
}

static bool read_status_object(struct text json, const struct status_member *members, size_t count, char *to)
{
    const char *at = json.at;
    struct text key, value;
    if (*at != '{')
        return false;
    for (bool first = true; next_element(&at, json.at + json.length, first, &key, &value, 0); first = false)
        for (size_t index = 0; index < count; index++)
            if (string_is(key, members[index].name) && !text_is(value, "null")) {
                if (!read_status_member(value, &members[index], to))
                    return false;
                if (members[index].has != NOWHERE)
                    *(bool *)(to + members[index].has) = true;
            }
    return true;
}

/* Gives texts that are always said, and were not, an empty text. */
static void default_texts(const struct status_member *members, size_t count, char *to)
{
    for (size_t index = 0; index < count; index++) {
        void *at = to + members[index].at;
        if (members[index].kind == STATUS_OBJECT)
            default_texts(members[index].parts, members[index].part_count, at);
        else if (members[index].kind == STATUS_TEXT && *(const char **)at == NULL)
            *(const char **)at = "";
    }
}

static void free_status_lists(const struct status_member *members, size_t count, char *from)
{
    for (size_t index = 0; index < count; index++) {
        void *at = from + members[index].at;
        if (members[index].kind == STATUS_TEXTS)
            free(((struct imattr_texts *)at)->at);
        else if (members[index].kind == STATUS_COUNTS)
            free(((struct imattr_counts *)at)->at);
        else if (members[index].kind == STATUS_OBJECT)
            free_status_lists(members[index].parts, members[index].part_count, at);
    }
}

struct kept_status {
    struct imattr_status status; /* the first member: its address is that of the whole */
    struct call *answer;         /* whose line has the texts */
};

void imattr_status_free(struct imattr_status *status)
{
    struct kept_status *kept = (struct kept_status *)status;
    if (kept == NULL)
        return;
    free_status_lists(STATUS, sizeof STATUS / sizeof *STATUS, (char *)status);
    free((char *)status->json);
    call_free(kept->answer);
    free(kept);
}

struct imattr_status *imattr_get_status(struct imattr_client *client, const struct imattr_options *options,
                                        struct imattr_error *error)
{
    struct call *call = ask(client, "getStatus", NULL, options, error);
    if (call == NULL)
        return NULL;
    struct kept_status *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        call_free(call);
        set_no_memory(error);
        return NULL;
    }
    kept->answer = call;
    kept->status.json = strndup(call->result.at, call->result.length);
    if (kept->status.json == NULL)
        set_no_memory(error);
    else if (read_status_object(call->result, STATUS, sizeof STATUS / sizeof *STATUS, (char *)&kept->status)) {
        default_texts(STATUS, sizeof STATUS / sizeof *STATUS, (char *)&kept->status);
        return &kept->status;
    } else {
        reject(client, call, "an answer to getStatus of another shape");
        set_failure(error, client, call, 0);
    }
    imattr_status_free(&kept->status);
    return NULL;
}

bool imattr_ping(struct imattr_client *client, const struct imattr_options *options, struct imattr_error *error)
{
    struct call *call = ask(client, "ping", NULL, options, error);
    if (call == NULL)
        return false;
    bool good = *call->result.at == '"' && string_is(call->result, "pong");
    if (!good) {
        reject(client, call, "ping was not answered with \"pong\"");
        set_failure(error, client, call, 0);
    }
    call_free(call);
    return good;
}

/* ---- getAttrs */

struct users {
    struct imattr_user *at;
    size_t count, capacity;
};

static bool users_add(struct users *users, struct imattr_user user)
{
    if (users->count == users->capacity) {
        size_t capacity = users->capacity == 0 ? 64 : users->capacity * 2;
        struct imattr_user *at = realloc(users->at, capacity * sizeof *at);
        if (at == NULL)
            return false;
        users->at = at;
        users->capacity = capacity;
    }
    users->at[users->count++] = user;
    return true;
}

static bool read_answered(struct text entry, struct imattr_user *user)
{
    static const char *const names[] = {"To_Account", "Attrs"};
    struct text found[2];
    if (!find_members(entry, 2, names, found) || found[0].length == 0 || *found[0].at != '"' || found[1].length == 0 ||
        *found[1].at != '{')
        return false;
    user->account = decode_in_place(found[0], &user->account_length);
    user->attrs = found[1].at;
    user->attrs_length = found[1].length;
    ((char *)found[1].at)[found[1].length] = '\0'; /* a comma, a bracket or white space of the entry's own */
    return true;
}

static bool read_missing(struct text entry, struct imattr_user *user)
{
    if (*entry.at != '"')
        return false;
    user->account = decode_in_place(entry, &user->account_length);
    return true;
}

static bool read_reason(struct text entry, struct imattr_user *user)
{
    static const char *const names[] = {"To_Account", "ErrorCode", "ErrorInfo"};
    struct text found[3];
    size_t length;
    if (!find_members(entry, 3, names, found))
        return false;
    if (found[0].length > 0 && *found[0].at == '"')
        user->account = decode_in_place(found[0], &user->account_length);
    if (found[1].length > 0)
        read_integer(found[1], &user->error_code);
    if (found[2].length > 0 && *found[2].at == '"')
        user->error_info = decode_in_place(found[2], &length);
    return true;
}

typedef bool read_entry(struct text entry, struct imattr_user *user);

struct failures {
    struct imattr_failure *at;
    size_t count, capacity;
};

static bool failures_add(struct failures *failures, struct imattr_failure failure)
{
    if (failures->count == failures->capacity) {
        size_t capacity = failures->capacity == 0 ? 16 : failures->capacity * 2;
        struct imattr_failure *at = realloc(failures->at, capacity * sizeof *at);
        if (at == NULL)
            return false;
        failures->at = at;
        failures->capacity = capacity;
    }
    failures->at[failures->count++] = failure;
    return true;
}

static bool read_failure(struct text entry, struct imattr_failure *failure)
{
    static const char *const names[] = {"To_Account", "code", "message", "retryable", "ErrorInfo", "retryAfterMs", "callId"};
    struct text found[7];
    size_t length;
    *failure = (struct imattr_failure){.retry_after_ms = -1};
    if (!find_members(entry, 7, names, found) || found[0].length == 0 || *found[0].at != '"' ||
        !read_integer(found[1], &failure->code) || found[2].length == 0 || *found[2].at != '"')
        return false;
    failure->retryable = text_is(found[3], "true");
    if (!failure->retryable && !text_is(found[3], "false"))
        return false;
    read_integer(found[5], &failure->retry_after_ms);
    failure->account = decode_in_place(found[0], &failure->account_length);
    failure->message = decode_in_place(found[2], &length);
    if (found[4].length > 0 && *found[4].at == '"')
        failure->error_info = decode_in_place(found[4], &length);
    if (found[6].length > 0 && *found[6].at == '"')
        failure->call_id = decode_in_place(found[6], &length);
    return true;
}

static const char ODD_ENTRY[] = "an entry of another shape in an answer to getAttrs";

/* As read_list. */
static const char *read_failures(struct text list, struct failures *failures)
{
    const char *at = list.at, *end = list.at + list.length;
    struct text entry;
    for (bool first = true; next_element(&at, end, first, NULL, &entry, 0); first = false) {
        struct imattr_failure failure;
        if (!read_failure(entry, &failure))
            return ODD_ENTRY;
        if (!failures_add(failures, failure))
            return "";
    }
    return NULL;
}

/* Reads a list of an answer. NULL, or what is wrong with it; empty if there was no memory. */
static const char *read_list(struct text list, read_entry *read, struct users *users)
{
    const char *at = list.at, *end = list.at + list.length;
    struct text entry;
    for (bool first = true; next_element(&at, end, first, NULL, &entry, 0); first = false) {
        struct imattr_user user = {.account = ""};
        if (!read(entry, &user))
            return ODD_ENTRY;
        if (!users_add(users, user))
            return "";
    }
    return NULL;
}

/* What answers to getAttrs have. */
struct lists {
    struct users users, missing, errors;
    struct failures failed;
};

static void lists_free(struct lists *lists)
{
    free(lists->users.at);
    free(lists->missing.at);
    free(lists->errors.at);
    free(lists->failed.at);
}

/* Whether a member is an array, or is not there and need not be. */
static bool is_list(struct text member, bool required)
{
    return member.length > 0 ? *member.at == '[' : !required;
}

/* Reads the answer to a getAttrs, and adds what it has. NULL, or what is wrong with it; empty if there was no memory. */
static const char *read_lists(const struct call *call, struct lists *lists)
{
    static const char *const names[] = {"UserAttrs", "missing", "ErrorList", "failed"};
    struct text found[4];
    if (!find_members(call->result, 4, names, found) || !is_list(found[0], true) || !is_list(found[1], true) ||
        !is_list(found[2], false) || !is_list(found[3], false))
        return "an answer to getAttrs without the lists UserAttrs and missing";
    const char *complaint = read_list(found[0], read_answered, &lists->users);
    if (complaint == NULL)
        complaint = read_list(found[1], read_missing, &lists->missing);
    if (complaint == NULL && found[2].length > 0)
        complaint = read_list(found[2], read_reason, &lists->errors);
    if (complaint == NULL && found[3].length > 0)
        complaint = read_failures(found[3], &lists->failed);
    return complaint;
}

/* What was found in an answer, as an error. */
static void set_complaint(struct imattr_error *error, struct imattr_client *client, struct call *call, const char *complaint)
{
    if (*complaint == '\0') {
        set_no_memory(error);
        return;
    }
    reject(client, call, complaint);
    set_failure(error, client, call, 0);
}

static const char ACCOUNTS_BEFORE[] = "\"method\":\"getAttrs\",\"params\":{\"To_Account\":";

static void begin_accounts(struct buffer *body)
{
    buffer_add_text(body, ACCOUNTS_BEFORE);
    buffer_add_text(body, "[");
}

static void end_accounts(struct call *call, const struct imattr_options *options)
{
    char text[96];
    snprintf(text, sizeof text, "],\"maxAgeMs\":%d%s,\"timeoutMs\":", options->max_age_ms,
             options->partial ? ",\"partial\":true" : "");
    buffer_add_text(&call->body, text);
    call->timed = true;
}

/* The accounts of a large list, each once. */
struct distinct {
    const char **accounts;
    size_t count;
    uint32_t *table; /* one more than an index, 0 for none; open addressing */
    size_t mask;
};

static bool distinct_init(struct distinct *distinct, size_t count)
{
    size_t size = 16;
    while (size < count * 2)
        size *= 2;
    *distinct = (struct distinct){.mask = size - 1};
    distinct->accounts = malloc((count + 1) * sizeof *distinct->accounts);
    distinct->table = calloc(size, sizeof *distinct->table);
    return distinct->accounts != NULL && distinct->table != NULL;
}

static void distinct_end(struct distinct *distinct)
{
    free(distinct->accounts);
    free(distinct->table);
}

static void distinct_add(struct distinct *distinct, const char *account, size_t length)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t index = 0; index < length; index++)
        hash = (hash ^ (unsigned char)account[index]) * 1099511628211u;
    size_t slot = (size_t)(hash ^ hash >> 32) & distinct->mask;
    while (distinct->table[slot] != 0) {
        if (strcmp(distinct->accounts[distinct->table[slot] - 1], account) == 0)
            return;
        slot = (slot + 1) & distinct->mask;
    }
    distinct->accounts[distinct->count++] = account;
    distinct->table[slot] = (uint32_t)distinct->count;
}

static bool distinct_fill(struct distinct *distinct, const char *const *accounts, size_t count, struct imattr_error *error)
{
    if (count >= UINT32_MAX || !distinct_init(distinct, count)) {
        set_no_memory(error);
        return false;
    }
    for (size_t index = 0; index < count; index++) {
        size_t length = check_account(accounts[index], index, error);
        if (length == 0)
            return false;
        distinct_add(distinct, accounts[index], length);
    }
    return true;
}

/* Whether an answer is an error that counts as that of each account of the request, with options.partial. */
static bool is_about_accounts(const struct call *call)
{
    struct text code;
    int64_t number;
    if (call->kind == IMATTR_DEADLINE)
        return true;
    return call->kind == IMATTR_REFUSED && find_member(call->error, "code", &code) && read_integer(code, &number) &&
           (number < -32768 || number > OVERLOADED || number == OVERLOADED || number == DEADLINE_EXCEEDED ||
            number == UPSTREAM_UNREACHABLE);
}

/* What an error says of each account. Its texts are in the call's line. */
static struct imattr_failure common_failure(const struct call *call)
{
    static const char *const names[] = {"retryable", "ErrorInfo", "retryAfterMs", "callId"};
    struct imattr_failure failure = {
        .code = DEADLINE_EXCEEDED, .message = "no answer came in time", .retryable = true, .retry_after_ms = -1};
    struct text code, message, data, found[4];
    size_t length;
    if (call->kind != IMATTR_REFUSED)
        return failure;
    failure.retryable = false;
    if (find_member(call->error, "code", &code))
        read_integer(code, &failure.code);
    bool has_message = find_member(call->error, "message", &message) && *message.at == '"';
    /* From here on, the JSON is overwritten. */
    if (find_member(call->error, "data", &data) && find_members(data, 4, names, found)) {
        failure.retryable = text_is(found[0], "true");
        read_integer(found[2], &failure.retry_after_ms);
        if (found[1].length > 0 && *found[1].at == '"')
            failure.error_info = decode_in_place(found[1], &length);
        if (found[3].length > 0 && *found[3].at == '"')
            failure.call_id = decode_in_place(found[3], &length);
    }
    if (has_message)
        failure.message = decode_in_place(message, &length);
    return failure;
}

/* Adds each account of a request whose answer is an error, once. False if there was no memory. */
static bool fail_accounts(const struct call *call, struct failures *failures)
{
    struct imattr_failure failure = common_failure(call);
    const char *begin = call->body.at + sizeof ACCOUNTS_BEFORE - 1, *at = begin, *end = call->body.at + call->body.length;
    struct distinct distinct;
    struct text entry;
    size_t count = 0;
    for (bool first = true; next_element(&at, end, first, NULL, &entry, 0); first = false)
        count++;
    bool good = distinct_init(&distinct, count);
    at = begin;
    for (bool first = true; good && next_element(&at, end, first, NULL, &entry, 0); first = false) {
        size_t known = distinct.count;
        failure.account = decode_in_place(entry, &failure.account_length);
        distinct_add(&distinct, failure.account, failure.account_length);
        if (distinct.count > known)
            good = failures_add(failures, failure);
    }
    distinct_end(&distinct);
    return good;
}

/* The request for a part of the accounts; NULL if there is no memory. */
static struct call *attrs_call(struct group *group, const char *const *accounts, size_t count, int64_t deadline,
                               const struct imattr_options *options)
{
    struct call *call = call_new(group, deadline);
    if (call == NULL)
        return NULL;
    begin_accounts(&call->body);
    for (size_t index = 0; index < count; index++) {
        if (index > 0)
            buffer_add(&call->body, ",", 1);
        buffer_add_quoted(&call->body, accounts[index], strlen(accounts[index]));
    }
    end_accounts(call, options);
    if (!call->body.failed)
        return call;
    call_free(call);
    return NULL;
}

/* A result with the answers that its texts are in. */
struct kept_result {
    struct imattr_result result; /* the first member: its address is that of the whole */
    struct call **answers;       /* of each request, in order */
    size_t count;
};

void imattr_result_free(struct imattr_result *result)
{
    struct kept_result *kept = (struct kept_result *)result;
    if (kept == NULL)
        return;
    for (size_t index = 0; index < kept->count; index++)
        call_free(kept->answers[index]);
    free(kept->answers);
    free(result->users);
    free(result->missing);
    free(result->errors);
    free(result->failed);
    free(kept);
}

/* Asks for all accounts, a window of requests at a time, and keeps the answers. */
static bool gather(struct imattr_client *client, struct group *group, const struct distinct *distinct,
                   const struct imattr_options *options, struct kept_result *kept, struct imattr_error *error)
{
    int64_t deadline = now_ms() + options->timeout_ms;
    size_t sent = 0, answered = 0;
    bool good = true;
    if (!enter(client, group, error))
        return false;
    while (good && answered < kept->count) {
        if (sent < kept->count && group->under_way < options->in_flight) {
            size_t from = sent * options->batch, left = distinct->count - from;
            pthread_mutex_unlock(&client->mutex);
            struct call *call = attrs_call(group, distinct->accounts + from, left < options->batch ? left : options->batch,
                                           deadline, options);
            pthread_mutex_lock(&client->mutex);
            if (call == NULL) {
                set_no_memory(error);
                good = false;
                break;
            }
            call->index = sent++;
            if (call->index == 0 || now_ms() < deadline) {
                start(client, call);
                continue;
            }
            call->kind = IMATTR_DEADLINE; /* before it was sent */
            list_add(&group->done, call);
        }
        struct call *call = wait_for_one(client, group);
        kept->answers[call->index] = call;
        answered++;
        good = call->kind == IMATTR_OK || (options->partial && is_about_accounts(call));
        if (!good)
            set_failure(error, client, call, options->timeout_ms);
    }
    leave(client);
    return good;
}

static bool read_answers(struct imattr_client *client, const struct imattr_options *options, struct kept_result *kept,
                         struct imattr_error *error)
{
    struct lists lists = {0};
    const struct call *failed = NULL; /* the first one */
    const char *complaint = NULL;
    size_t index = 0;
    for (; complaint == NULL && index < kept->count; index++) {
        struct call *call = kept->answers[index];
        if (call->kind == IMATTR_OK) {
            complaint = read_lists(call, &lists);
            continue;
        }
        if (failed == NULL) {
            failed = call;
            set_failure(error, client, call, options->timeout_ms); /* if nothing is answered */
        }
        complaint = fail_accounts(call, &lists.failed) ? NULL : "";
    }
    kept->result = (struct imattr_result){lists.users.at,  lists.users.count,  lists.missing.at, lists.missing.count,
                                          lists.errors.at, lists.errors.count, lists.failed.at,  lists.failed.count};
    bool answered = failed == NULL || lists.users.count + lists.missing.count > 0;
    if (failed != NULL && (answered || complaint != NULL))
        imattr_error_clear(error);
    if (complaint != NULL)
        set_complaint(error, client, kept->answers[index - 1], complaint);
    return complaint == NULL && answered;
}

struct imattr_result *imattr_get_attrs(struct imattr_client *client, const char *const *accounts, size_t count,
                                       const struct imattr_options *given, struct imattr_error *error)
{
    struct imattr_options options = options_or_defaults(given);
    struct distinct distinct = {0};
    struct kept_result *kept = NULL;
    bool good = check_client(client, error) && (count == 0 || check_given(accounts, "accounts", error)) &&
                check_options(&options, error) && distinct_fill(&distinct, accounts, count, error);
    if (good) {
        size_t requests = (distinct.count + options.batch - 1) / options.batch;
        kept = calloc(1, sizeof *kept);
        if (kept != NULL)
            kept->answers = calloc(requests + 1, sizeof *kept->answers);
        good = kept != NULL && kept->answers != NULL;
        if (good)
            kept->count = requests;
        else
            set_no_memory(error);
    }
    if (good) {
        struct group group;
        group_init(&group, client, options.token);
        good = gather(client, &group, &distinct, &options, kept, error);
        group_end(&group);
    }
    good = good && read_answers(client, &options, kept, error);
    distinct_end(&distinct);
    if (good) {
        set_ok(error);
        return &kept->result;
    }
    if (kept != NULL)
        imattr_result_free(&kept->result);
    return NULL;
}

/* ---- Streams */

struct imattr_stream {
    struct imattr_client *client;
    imattr_next_account *next;
    void *context;
    struct imattr_options options;
    struct group group;
    size_t taken;
    bool input_ended;
    bool failed; /* after the first error */
    struct call *answer; /* whose accounts are being yielded */
    struct lists lists;  /* of it; `users` are those that were answered, then those that are missing, then those that failed */
    size_t yielded;
};

struct imattr_stream *imattr_stream_open(struct imattr_client *client, imattr_next_account *next, void *context,
                                         const struct imattr_options *given, struct imattr_error *error)
{
    struct imattr_options options = options_or_defaults(given);
    if (!check_client(client, error) || !check_given((const void *)(uintptr_t)next, "next", error) ||
        !check_options(&options, error))
        return NULL;
    struct imattr_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        set_no_memory(error);
        return NULL;
    }
    stream->client = client;
    stream->next = next;
    stream->context = context;
    stream->options = options;
    group_init(&stream->group, client, options.token);
    set_ok(error);
    return stream;
}

size_t imattr_stream_taken(const struct imattr_stream *stream)
{
    return stream != NULL ? stream->taken : 0;
}

void imattr_stream_close(struct imattr_stream *stream)
{
    if (stream == NULL)
        return;
    group_end(&stream->group);
    call_free(stream->answer);
    lists_free(&stream->lists);
    free(stream);
}

/* The next request, of what the input gives. NULL if that has ended, or with the error set. */
static struct call *next_request(struct imattr_stream *stream, bool *good, struct imattr_error *error)
{
    struct call *call = call_new(&stream->group, 0);
    size_t count = 0;
    *good = call != NULL;
    if (!*good) {
        set_no_memory(error);
        return NULL;
    }
    begin_accounts(&call->body);
    while (*good && !stream->input_ended && count < stream->options.batch) {
        const char *account = stream->next(stream->context);
        if (account == NULL) {
            stream->input_ended = true;
            break;
        }
        size_t length = check_account(account, stream->taken++, error);
        *good = length > 0;
        if (count++ > 0)
            buffer_add(&call->body, ",", 1);
        buffer_add_quoted(&call->body, account, length);
    }
    end_accounts(call, &stream->options);
    call->deadline = now_ms() + stream->options.timeout_ms;
    if (*good && call->body.failed) {
        set_no_memory(error);
        *good = false;
    }
    if (*good && count > 0)
        return call;
    call_free(call);
    return NULL;
}

/* Keeps the window full, and waits for an answer. NULL at the end, or with the error set. */
static struct call *next_answer(struct imattr_stream *stream, bool *good, struct imattr_error *error)
{
    struct imattr_client *client = stream->client;
    struct group *group = &stream->group;
    struct call *call = NULL;
    *good = enter(client, group, error);
    if (!*good)
        return NULL;
    while (*good && !stream->input_ended && group->under_way + list_count(&group->done) < stream->options.in_flight) {
        pthread_mutex_unlock(&client->mutex); /* the input may take its time, and may call us */
        call = next_request(stream, good, error);
        if (!is_ours(group)) { /* the input has forked */
            call_free(call);
            *good = enter(client, group, error);
            return NULL;
        }
        pthread_mutex_lock(&client->mutex);
        if (call != NULL)
            start(client, call);
    }
    call = *good && (group->under_way > 0 || group->done.first != NULL) ? wait_for_one(client, group) : NULL;
    leave(client);
    return call;
}

/* Puts upstream's reasons beside the missing accounts, and those behind the ones that were answered. */
static bool add_missing(struct lists *lists)
{
    for (size_t index = 0; index < lists->missing.count; index++) {
        struct imattr_user user = lists->missing.at[index];
        for (size_t other = 0; other < lists->errors.count; other++) {
            const struct imattr_user *reason = &lists->errors.at[other];
            if (same_text(user.account, user.account_length, reason->account, reason->account_length)) {
                user.error_code = reason->error_code;
                user.error_info = reason->error_info;
            }
        }
        if (!users_add(&lists->users, user))
            return false;
    }
    return true;
}

static bool add_failed(struct lists *lists)
{
    for (size_t index = 0; index < lists->failed.count; index++) {
        const struct imattr_failure *failure = &lists->failed.at[index];
        struct imattr_user user = {
            .account = failure->account, .account_length = failure->account_length, .failure = failure};
        if (!users_add(&lists->users, user))
            return false;
    }
    return true;
}

static bool open_answer(struct imattr_stream *stream, struct call *call, struct imattr_error *error)
{
    struct lists *lists = &stream->lists;
    stream->answer = call;
    lists->users.count = lists->missing.count = lists->errors.count = lists->failed.count = stream->yielded = 0;
    bool fails = stream->options.partial && is_about_accounts(call);
    if (call->kind != IMATTR_OK && !fails) {
        set_failure(error, stream->client, call, stream->options.timeout_ms);
        return false;
    }
    const char *complaint = !fails ? read_lists(call, lists) : fail_accounts(call, &lists->failed) ? NULL : "";
    if (complaint == NULL && !(add_missing(lists) && add_failed(lists)))
        complaint = "";
    if (complaint != NULL)
        set_complaint(error, stream->client, call, complaint);
    return complaint == NULL;
}

const struct imattr_user *imattr_stream_next(struct imattr_stream *stream, struct imattr_error *error)
{
    if (!check_given(stream, "stream", error))
        return NULL;
    if (!is_ours(&stream->group)) {
        set_error(error, IMATTR_CANCELLED, "%s", FOREIGN_STREAM);
        return NULL;
    }
    while (!stream->failed && stream->yielded == stream->lists.users.count) {
        bool good;
        call_free(stream->answer);
        stream->answer = NULL;
        struct call *call = next_answer(stream, &good, error);
        if (call == NULL && good) {
            set_ok(error);
            return NULL;
        }
        stream->failed = !good || !open_answer(stream, call, error);
        if (stream->failed && is_ours(&stream->group)) {
            pthread_mutex_lock(&stream->client->mutex);
            give_up_all(stream->client, &stream->group);
            pthread_mutex_unlock(&stream->client->mutex);
        }
        if (stream->failed)
            return NULL;
    }
    if (stream->failed) {
        set_error(error, IMATTR_CANCELLED, "the stream has ended with an error before");
        return NULL;
    }
    set_ok(error);
    return &stream->lists.users.at[stream->yielded++];
}

/* tests.c - what the shared transcripts cannot say: threads, races, partial reads, bounds, values. */
#define _GNU_SOURCE
#include "imattr.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "fake.h"

static int passed;

#define CHECK(condition)                                                                                                   \
    do {                                                                                                                   \
        if (!(condition)) {                                                                                                \
            fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition);                          \
            exit(1);                                                                                                       \
        }                                                                                                                  \
    } while (0)

static void run(void (*test)(void), const char *name)
{
    test();
    passed++;
    printf("ok - %s\n", name);
    fflush(stdout);
}

/* ---- Values */

static void test_members(void)
{
    static const char json[] = " {\"a\":\"x\\ud834\\udd1e\\u00e9\\n\\\"\" , \"n\":-9223372036854775808,\"big\":123456789012345678901234567890,"
                               "\"o\":{\"a\":1},\"f\":1.5,\"\\u006bey\":7,\"n0\":null} ";
    char text[64];
    size_t length;
    int64_t number;
    CHECK(imattr_json_string(json, "a", text, sizeof text) == 9);
    CHECK(strcmp(text, "x\xf0\x9d\x84\x9e\xc3\xa9\n\"") == 0);
    CHECK(imattr_json_string(json, "a", text, 2) == 9 && strcmp(text, "x") == 0);
    CHECK(imattr_json_string(json, "n", text, sizeof text) == -1);
    CHECK(imattr_json_integer(json, "n", &number) && number == INT64_MIN);
    CHECK(!imattr_json_integer(json, "big", &number) && !imattr_json_integer(json, "f", &number));
    CHECK(!imattr_json_integer(json, "n0", &number) && !imattr_json_integer(json, "none", &number));
    CHECK(imattr_json_integer(json, "key", &number) && number == 7);
    const char *raw = imattr_json_member(json, "big", &length);
    CHECK(raw != NULL && length == 30 && strncmp(raw, "123456789012345678901234567890", 30) == 0);
    CHECK(imattr_json_member(json, "none", &length) == NULL);
    CHECK(imattr_json_member("[1]", "none", &length) == NULL);
    CHECK(imattr_json_member("", "none", &length) == NULL && imattr_json_member("{\"a\":", "a", &length) == NULL);
}

static void test_arguments(void)
{
    static const char *const bad[] = {"", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xc3", NULL};
    struct imattr_client *client = imattr_open("/nowhere/at/all");
    struct imattr_error error;
    char name[300];
    memset(name, 'x', sizeof name);
    name[256] = '\0';
    for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
        const char *accounts[] = {"good", bad[index]};
        CHECK(imattr_get_attrs(client, accounts, 2, NULL, &error) == NULL);
        CHECK(error.kind == IMATTR_ARGUMENT && strstr(error.message, "[1]") != NULL && !error.retryable);
    }
    const char *accounts[] = {name};
    CHECK(imattr_get_attrs(client, accounts, 1, NULL, &error) == NULL && error.kind == IMATTR_ARGUMENT);
    struct imattr_options options = IMATTR_OPTIONS;
    options.timeout_ms = 600001;
    CHECK(!imattr_ping(client, &options, &error) && error.kind == IMATTR_ARGUMENT && strstr(error.message, "600001") != NULL);
    options = (struct imattr_options)IMATTR_OPTIONS;
    options.batch = 0;
    CHECK(imattr_stream_open(client, NULL, NULL, &options, &error) == NULL && error.kind == IMATTR_ARGUMENT);
    CHECK(imattr_call(client, "x", "[1", NULL, &error) == NULL && error.kind == IMATTR_ARGUMENT);
    CHECK(imattr_call(client, "x", "\"x\"", NULL, &error) == NULL && error.kind == IMATTR_ARGUMENT);
    name[255] = '\0'; /* the longest account: the socket is what is wrong now */
    CHECK(imattr_get_attrs(client, accounts, 1, NULL, &error) == NULL && error.kind == IMATTR_UNREACHABLE);
    CHECK(error.system_error == ENOENT && strstr(error.message, "/nowhere/at/all") != NULL);
    CHECK(!imattr_ping(client, NULL, NULL)); /* nobody wants to know why */
    imattr_free(client);
}

#define IS_ARGUMENT(call, name)                                                                                            \
    do {                                                                                                                   \
        memset(&error, 0, sizeof error);                                                                                   \
        CHECK(!(call) && error.kind == IMATTR_ARGUMENT && strstr(error.message, name) != NULL);                            \
    } while (0)

static void test_null_arguments(void)
{
    struct imattr_client *client = imattr_open("/nowhere/at/all");
    struct imattr_error error;
    const char *account = "a";
    size_t length;
    char text[8];
    int64_t number;
    IS_ARGUMENT(imattr_ping(NULL, NULL, &error), "client");
    IS_ARGUMENT(imattr_get_status(NULL, NULL, &error), "client");
    IS_ARGUMENT(imattr_get_attrs(NULL, &account, 1, NULL, &error), "client");
    IS_ARGUMENT(imattr_get_attrs(client, NULL, 1, NULL, &error), "accounts");
    IS_ARGUMENT(imattr_call(client, NULL, NULL, NULL, &error), "method");
    IS_ARGUMENT(imattr_stream_open(client, NULL, NULL, NULL, &error), "next");
    IS_ARGUMENT(imattr_stream_next(NULL, &error), "stream");
    CHECK(imattr_stream_taken(NULL) == 0);
    imattr_stream_close(NULL);
    imattr_result_free(NULL);
    imattr_cancel(NULL);
    imattr_token_free(NULL);
    imattr_close(NULL);
    imattr_free(NULL);
    imattr_error_clear(NULL);
    CHECK(imattr_json_member(NULL, "a", &length) == NULL && imattr_json_member("{\"a\":1}", NULL, &length) == NULL);
    CHECK(imattr_json_member("{\"a\":1}", "a", NULL) != NULL);
    CHECK(imattr_json_string(NULL, "a", text, sizeof text) == -1 && !imattr_json_integer(NULL, "a", &number));
    imattr_free(client);
    client = imattr_open("");
    IS_ARGUMENT(imattr_ping(client, NULL, &error), "socket_path");
    imattr_free(client);
}

/* ---- Against a fake daemon */

/* Answers each request with its own id as the result, byte by byte. */
static void serve_bytes(struct peer *peer)
{
    long id;
    while ((id = peer_read(peer, NULL)) >= 0) {
        char line[128];
        int length = snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":\"pong\"}\r\n", id);
        for (int index = 0; index < length; index++)
            peer_write(peer, line + index, 1);
    }
}

static void test_answers_in_pieces(void)
{
    struct fake fake;
    struct imattr_error error;
    fake_start(&fake, serve_bytes, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    for (int count = 0; count < 50; count++)
        CHECK(imattr_ping(client, NULL, &error));
    CHECK(fake.count == 1);
    imattr_free(client);
    fake_stop(&fake);
}

/* Takes requests in fours and answers them last first, with the params of each. */
static void serve_backwards(struct peer *peer)
{
    char *lines[4];
    long ids[4];
    for (int count = 0; (ids[count] = peer_read(peer, &lines[count])) >= 0;) {
        if (++count < 4)
            continue;
        while (count-- > 0) {
            char *params = strstr(lines[count], "\"params\":") + 9;
            params[strlen(params) - 2] = '\0';
            peer_answer(peer, ids[count], "\"result\":%s", params);
            free(lines[count]);
        }
        count = 0;
    }
}

static void *call_own(void *argument)
{
    struct imattr_client *client = argument;
    for (int count = 0; count < 250; count++) {
        struct imattr_error error;
        char params[64];
        snprintf(params, sizeof params, "[\"%lx\",%d]", (unsigned long)pthread_self(), count);
        char *result = imattr_call(client, "echo", params, NULL, &error);
        CHECK(result != NULL && strcmp(result, params) == 0);
        free(result);
    }
    return NULL;
}

static void in_threads(size_t count, void *(*function)(void *), void *argument)
{
    pthread_t threads[32];
    for (size_t index = 0; index < count; index++)
        pthread_create(&threads[index], NULL, function, argument);
    for (size_t index = 0; index < count; index++)
        pthread_join(threads[index], NULL);
}

static void test_threads_share_a_connection(void)
{
    struct fake fake;
    fake_start(&fake, serve_backwards, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    in_threads(4, call_own, client);
    CHECK(fake.count == 1);
    imattr_free(client);
    fake_stop(&fake);
}

/* Answers every other ping, and not the cancelled ones. */
static void serve_some(struct peer *peer)
{
    long id;
    for (long count = 0; (id = peer_read(peer, NULL)) >= 0;)
        if (id > 0 && count++ % 2 == 0)
            peer_answer(peer, id, "\"result\":\"pong\"");
}

struct race {
    struct imattr_client *client;
    struct imattr_token *token;
    atomic_int answered, cancelled;
};

static void *ping_once(void *argument)
{
    struct race *race = argument;
    struct imattr_options options = IMATTR_OPTIONS;
    struct imattr_error error;
    options.token = race->token;
    if (imattr_ping(race->client, &options, &error))
        race->answered++;
    else if (error.kind == IMATTR_CANCELLED)
        race->cancelled++;
    return NULL;
}

static void test_cancelling_races_with_answers(void)
{
    struct fake fake;
    struct race race = {0};
    fake_start(&fake, serve_some, NULL);
    race.client = imattr_open(fake.path);
    for (int count = 0; count < 300; count++) {
        pthread_t threads[3];
        race.token = imattr_token_new();
        for (size_t index = 0; index < 3; index++)
            pthread_create(&threads[index], NULL, ping_once, &race);
        imattr_cancel(race.token);
        for (size_t index = 0; index < 3; index++)
            pthread_join(threads[index], NULL);
        CHECK(!imattr_ping(race.client, &(struct imattr_options){1000, 0, 1, 1, race.token, false}, NULL)); /* it stays cancelled */
        imattr_token_free(race.token);
    }
    CHECK(race.answered + race.cancelled == 900 && race.cancelled > 0);
    imattr_free(race.client);
    fake_stop(&fake);
}

/* Ends the first connections in the middle of an answer, says that it is shutting down on the next, then answers. */
static void serve_badly(struct peer *peer)
{
    long id;
    while ((id = peer_read(peer, NULL)) >= 0) {
        if (peer->number <= 3) {
            char line[64];
            peer_write(peer, line, (size_t)snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"res", id));
            return;
        }
        if (peer->number == 4)
            peer_answer(peer, id, "\"error\":{\"code\":-32004,\"message\":\"bye\",\"data\":{\"retryAfterMs\":20}}");
        else
            peer_answer(peer, id, "\"result\":\"pong\"");
    }
}

static void *ping_well(void *argument)
{
    struct imattr_error error;
    CHECK(imattr_ping(argument, NULL, &error));
    return NULL;
}

static void test_nothing_is_lost_by_reconnecting(void)
{
    struct fake fake;
    fake_start(&fake, serve_badly, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    in_threads(8, ping_well, client);
    CHECK(fake.count >= 5);
    imattr_free(client);
    fake_stop(&fake);
}

/* Reads and never answers; tells that a request has come. */
static void serve_nothing(struct peer *peer)
{
    while (peer_read(peer, NULL) >= 0)
        if (write(*(int *)peer->fake->context, "x", 1) != 1)
            abort();
}

static void *expect_cancelled(void *argument)
{
    struct imattr_error error;
    CHECK(!imattr_ping(argument, NULL, &error) && error.kind == IMATTR_CANCELLED);
    return NULL;
}

static void test_close_ends_what_waits(void)
{
    struct fake fake;
    struct imattr_error error;
    pthread_t threads[6];
    int come[2];
    char byte;
    CHECK(pipe(come) == 0);
    fake_start(&fake, serve_nothing, &come[1]);
    struct imattr_client *client = imattr_open(fake.path);
    for (size_t index = 0; index < 6; index++)
        pthread_create(&threads[index], NULL, expect_cancelled, client);
    for (size_t index = 0; index < 6; index++)
        CHECK(read(come[0], &byte, 1) == 1);
    imattr_close(client);
    for (size_t index = 0; index < 6; index++)
        pthread_join(threads[index], NULL);
    CHECK(!imattr_ping(client, NULL, &error) && error.kind == IMATTR_CANCELLED);
    imattr_free(client);
    fake_stop(&fake);
    close(come[0]);
    close(come[1]);
}

static void test_deadlines_of_followers(void)
{
    struct fake fake;
    struct imattr_error error;
    int come[2];
    CHECK(pipe(come) == 0);
    fake_start(&fake, serve_nothing, &come[1]);
    struct imattr_client *client = imattr_open(fake.path);
    pthread_t leader;
    char byte;
    pthread_create(&leader, NULL, expect_cancelled, client);
    CHECK(read(come[0], &byte, 1) == 1);
    struct imattr_options options = IMATTR_OPTIONS;
    options.timeout_ms = 10;
    CHECK(!imattr_ping(client, &options, &error) && error.kind == IMATTR_DEADLINE && error.retryable);
    imattr_close(client);
    pthread_join(leader, NULL);
    imattr_free(client);
    fake_stop(&fake);
    close(come[0]);
    close(come[1]);
}

/* Answers getAttrs with each account as its own attribute; accounts that begin with m are missing. */
static void serve_attrs(struct peer *peer)
{
    char *line;
    long id;
    while ((id = peer_read(peer, &line)) >= 0) {
        if (id == 0 && peer->fake->context != NULL)
            atomic_fetch_add((atomic_int *)peer->fake->context, 1); /* withdrawn */
        char *users = strdup(""), *missing = strdup(""), *rest = line, *account;
        char *list = strstr(line, "\"To_Account\":[");
        if (list != NULL) {
            size_t room = strlen(line) * 6 + 64;
            users = realloc(users, room);
            missing = realloc(missing, room);
            char *end_users = users, *end_missing = missing;
            *strchr(list, ']') = '\0';
            rest = list + 14;
            while ((account = strsep(&rest, ",")) != NULL) {
                if (account[1] == 'm')
                    end_missing += sprintf(end_missing, ",%s", account);
                else
                    end_users += sprintf(end_users, ",{\"Attrs\":{\"a\":%s},\"To_Account\":%s}", account, account);
            }
        }
        if (id > 0)
            peer_answer(peer, id, "\"result\":{\"UserAttrs\":[%s],\"missing\":[%s],\"ErrorList\":[{\"To_Account\":\"m5\","
                                  "\"ErrorCode\":70107,\"ErrorInfo\":\"not there\"}]}",
                        *users ? users + 1 : "", *missing ? missing + 1 : "");
        free(users);
        free(missing);
        free(line);
    }
}

static const char *const *names(size_t count)
{
    static char texts[5000][24];
    static const char *pointers[5000];
    for (size_t index = 0; index < count; index++) {
        snprintf(texts[index], sizeof texts[index], "%c%zu", index % 7 == 5 ? 'm' : 'u', index);
        pointers[index] = texts[index];
    }
    return pointers;
}

static void test_results_keep_the_order(void)
{
    struct fake fake;
    struct imattr_error error;
    const char *const *accounts = names(5000);
    fake_start(&fake, serve_attrs, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    struct imattr_options options = IMATTR_OPTIONS;
    options.batch = 7;
    options.in_flight = 5;
    struct imattr_result *result = imattr_get_attrs(client, accounts, 5000, &options, &error);
    CHECK(result != NULL && result->user_count + result->missing_count == 5000);
    for (size_t index = 0, users = 0, missing = 0; index < 5000; index++) {
        struct imattr_user *user = index % 7 == 5 ? &result->missing[missing++] : &result->users[users++];
        CHECK(strcmp(user->account, accounts[index]) == 0 && user->account_length == strlen(accounts[index]));
        CHECK((user->attrs == NULL) == (index % 7 == 5));
    }
    CHECK(result->error_count == 715 && result->errors[0].error_code == 70107);
    imattr_result_free(result);
    const char *twice[] = {"b", "a", "b", "a", "c"};
    result = imattr_get_attrs(client, twice, 5, NULL, &error);
    CHECK(result != NULL && result->user_count == 3 && strcmp(result->users[2].account, "c") == 0);
    CHECK(strcmp(result->users[0].attrs, "{\"a\":\"b\"}") == 0);
    imattr_result_free(result);
    result = imattr_get_attrs(client, NULL, 0, NULL, &error);
    CHECK(result != NULL && result->user_count == 0 && result->missing_count == 0);
    imattr_result_free(result);
    imattr_free(client);
    fake_stop(&fake);
}

struct source {
    size_t given, count;
    char name[32];
};

static const char *source_next(void *context)
{
    struct source *source = context;
    if (source->given == source->count)
        return NULL;
    snprintf(source->name, sizeof source->name, "%c%zu", source->given == 5 ? 'm' : 'u', source->given);
    source->given++;
    return source->name;
}

static void test_streams_read_ahead_no_more_than_they_say(void)
{
    struct fake fake;
    struct imattr_error error;
    struct source source = {.count = 20000};
    size_t yielded = 0;
    const struct imattr_user *user;
    fake_start(&fake, serve_attrs, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    struct imattr_options options = IMATTR_OPTIONS;
    options.batch = 10;
    options.in_flight = 4;
    struct imattr_stream *stream = imattr_stream_open(client, source_next, &source, &options, &error);
    CHECK(source.given == 0);
    while ((user = imattr_stream_next(stream, &error)) != NULL) {
        yielded++;
        CHECK(source.given <= (yielded - 1) / 10 * 10 + 40 && imattr_stream_taken(stream) == source.given);
        CHECK((user->attrs == NULL) == (user->account[0] == 'm'));
        if (user->attrs == NULL)
            CHECK(user->error_code == 70107 && strcmp(user->error_info, "not there") == 0);
    }
    CHECK(error.kind == IMATTR_OK && yielded == 20000);
    CHECK(imattr_stream_next(stream, &error) == NULL && error.kind == IMATTR_OK);
    imattr_stream_close(stream);
    source.given = 0;
    stream = imattr_stream_open(client, source_next, &source, &options, &error);
    CHECK(imattr_stream_next(stream, &error) != NULL);
    imattr_stream_close(stream); /* early, with requests in flight: their answers are for nobody */
    const char *other = "other";
    struct imattr_result *result = imattr_get_attrs(client, &other, 1, NULL, &error);
    CHECK(result != NULL && result->user_count == 1 && strcmp(result->users[0].account, "other") == 0);
    imattr_result_free(result);
    imattr_free(client);
    fake_stop(&fake);
}

static void *stream_all(void *argument)
{
    struct source source = {.count = 3000};
    struct imattr_error error;
    struct imattr_options options = IMATTR_OPTIONS;
    size_t yielded = 0;
    options.batch = 9;
    struct imattr_stream *stream = imattr_stream_open(argument, source_next, &source, &options, &error);
    while (imattr_stream_next(stream, &error) != NULL)
        yielded++;
    CHECK(error.kind == IMATTR_OK && yielded == 3000);
    imattr_stream_close(stream);
    return NULL;
}

static void test_streams_in_threads(void)
{
    struct fake fake;
    fake_start(&fake, serve_attrs, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    in_threads(6, stream_all, client);
    CHECK(fake.count == 1);
    imattr_free(client);
    fake_stop(&fake);
}

static void serve_garbage(struct peer *peer)
{
    static const char *const lines[] = {"HTTP/1.1 400 Bad Request\n", "{\"jsonrpc\":\"2.0\",\"id\":1}\n", "[]\n",
                                        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}\n", "{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":1}\n"};
    if (peer_read(peer, NULL) >= 0 && peer->number <= 5)
        peer_write(peer, lines[peer->number - 1], strlen(lines[peer->number - 1]));
    while (peer_read(peer, NULL) >= 0)
        continue;
}

static void test_garbage(void)
{
    struct fake fake;
    struct imattr_error error;
    fake_start(&fake, serve_garbage, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    for (int count = 0; count < 5; count++)
        CHECK(!imattr_ping(client, NULL, &error) && error.kind == IMATTR_PROTOCOL && !error.retryable);
    CHECK(fake.count == 5); /* each time on a new connection */
    imattr_free(client);
    fake_stop(&fake);
}

/* Answers what a daemon answers that has not got an answer in time. */
static void serve_late(struct peer *peer)
{
    long id;
    while ((id = peer_read(peer, NULL)) >= 0)
        peer_answer(peer, id, "\"error\":{\"code\":-32001,\"message\":\"too late\",\"data\":{\"source\":\"daemon\","
                              "\"retryable\":true,\"retryAfterMs\":70}}");
}

static void test_too_late_is_the_deadline_error(void)
{
    struct fake fake;
    struct imattr_error error;
    const char *account = "a";
    fake_start(&fake, serve_late, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    CHECK(imattr_get_attrs(client, &account, 1, NULL, &error) == NULL && error.kind == IMATTR_DEADLINE);
    CHECK(error.code == -32001 && error.retryable && error.retry_after_ms == 70 && strstr(error.message, "too late") != NULL);
    CHECK(strstr(error.answer, "\"source\":\"daemon\"") != NULL);
    imattr_error_clear(&error);
    imattr_free(client);
    fake_stop(&fake);
}

/* Answers as a daemon that can only get a part. */
static void serve_partly(struct peer *peer)
{
    char *line;
    long id;
    while ((id = peer_read(peer, &line)) >= 0) {
        CHECK(id == 0 || strstr(line, "\"partial\":true") != NULL);
        free(line);
        if (id > 0)
            peer_answer(peer, id,
                        "\"result\":{\"UserAttrs\":[{\"To_Account\":\"a\",\"Attrs\":{}}],\"missing\":[\"b\"],\"failed\":["
                        "{\"To_Account\":\"c\",\"code\":90003,\"message\":\"ref\\u0075sed\",\"retryable\":false,"
                        "\"ErrorInfo\":\"why\",\"callId\":\"7\"},"
                        "{\"To_Account\":\"d\",\"code\":-32002,\"message\":\"m\",\"retryable\":true,\"retryAfterMs\":5}]}");
    }
}

static void check_failures(const struct imattr_failure *one, const struct imattr_failure *two)
{
    CHECK(strcmp(one->account, "c") == 0 && one->account_length == 1 && one->code == 90003 && !one->retryable);
    CHECK(strcmp(one->message, "refused") == 0 && strcmp(one->error_info, "why") == 0 && strcmp(one->call_id, "7") == 0);
    CHECK(one->retry_after_ms == -1 && two->retry_after_ms == 5 && two->code == -32002 && two->retryable);
    CHECK(strcmp(two->account, "d") == 0 && two->error_info == NULL && two->call_id == NULL);
}

/* A status that says little, then one of another shape. */
static void serve_status(struct peer *peer)
{
    static const char *const statuses[] = {
        "{\"uptimeSeconds\":7,\"state\":\"degr\\u0061ded\",\"reasons\":[\"one\",\"t\\\"wo\"],\"queue\":{\"waitingAccountsByUid\":"
        "{\"1000\":3}},\"limiter\":{\"creditMs\":0.5},\"userSig\":{\"expiresAt\":null},\"new\":[{}]}",
        "{\"version\":7}", "{\"reasons\":[\"a\",1]}", "[]"};
    size_t *next = peer->fake->context;
    long id;
    while ((id = peer_read(peer, NULL)) >= 0)
        peer_answer(peer, id, "\"result\":%s", statuses[(*next)++]);
}

static void test_status(void)
{
    struct fake fake;
    struct imattr_error error;
    size_t next = 0;
    fake_start(&fake, serve_status, &next);
    struct imattr_client *client = imattr_open(fake.path);
    struct imattr_status *status = imattr_get_status(client, NULL, &error);
    CHECK(status != NULL && status->uptime_seconds == 7 && strcmp(status->state, "degraded") == 0 && *status->version == '\0');
    CHECK(status->reasons.count == 2 && strcmp(status->reasons.at[1], "t\"wo") == 0);
    CHECK(status->has_queue && !status->queue.has_oldest_waiting_ms && status->queue.waiting_accounts_by_uid.count == 1);
    CHECK(strcmp(status->queue.waiting_accounts_by_uid.at[0].name, "1000") == 0);
    CHECK(status->queue.waiting_accounts_by_uid.at[0].count == 3 && status->limiter.credit_ms == 0.5);
    CHECK(status->has_user_sig && !status->user_sig.has_expires_at && !status->has_upstream);
    CHECK(strstr(status->json, "\"new\":[{}]") != NULL && strstr(status->json, "degr\\u0061ded") != NULL);
    imattr_status_free(status);
    for (int count = 0; count < 3; count++)
        CHECK(imattr_get_status(client, NULL, &error) == NULL && error.kind == IMATTR_PROTOCOL);
    imattr_status_free(NULL);
    imattr_free(client);
    fake_stop(&fake);
}

static void test_partial(void)
{
    struct fake fake;
    struct imattr_error error;
    struct source source = {.count = 4};
    const char *accounts[] = {"a", "b", "c", "d"};
    fake_start(&fake, serve_partly, NULL);
    struct imattr_client *client = imattr_open(fake.path);
    struct imattr_options options = IMATTR_OPTIONS;
    options.partial = true;
    struct imattr_result *result = imattr_get_attrs(client, accounts, 4, &options, &error);
    CHECK(result != NULL && result->user_count == 1 && result->missing_count == 1 && result->failed_count == 2);
    check_failures(&result->failed[0], &result->failed[1]);
    imattr_result_free(result);
    struct imattr_stream *stream = imattr_stream_open(client, source_next, &source, &options, &error);
    const struct imattr_user *user = imattr_stream_next(stream, &error);
    CHECK(user != NULL && strcmp(user->account, "a") == 0 && user->attrs != NULL && user->failure == NULL);
    user = imattr_stream_next(stream, &error);
    CHECK(user != NULL && strcmp(user->account, "b") == 0 && user->attrs == NULL && user->failure == NULL);
    const struct imattr_user *one = imattr_stream_next(stream, &error), *two = imattr_stream_next(stream, &error);
    CHECK(one != NULL && two != NULL && one->attrs == NULL && strcmp(one->account, "c") == 0);
    check_failures(one->failure, two->failure);
    CHECK(imattr_stream_next(stream, &error) == NULL && error.kind == IMATTR_OK);
    imattr_stream_close(stream);
    imattr_free(client);
    fake_stop(&fake);
}

/* ---- Processes that are stopped, and processes that fork */

static char process_state(pid_t process)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return *(strrchr(text, ')') + 2);
}

/* A daemon in a process of its own, as it stops ours: takes `count` pings, stops us until they are late, answers them behind an
 * answer that is long and is for no call, and lets us go on. */
static pid_t start_stopping_daemon(int listener, int count)
{
    pid_t daemon = fork();
    if (daemon != 0)
        return daemon;
    struct fake fake = {0};
    struct peer peer = {&fake, NULL, accept(listener, NULL, NULL), 1};
    peer.input = fdopen(peer.file, "r");
    long ids[8];
    for (int index = 0; index < count; index++)
        ids[index] = peer_read(&peer, NULL);
    kill(getppid(), SIGSTOP);
    while (process_state(getppid()) != 'T')
        sched_yield();
    nanosleep(&(struct timespec){1, 300000000}, NULL); /* 100 ms of time-out, 1 s of grace */
    peer_answer(&peer, 1000000, "\"result\":\"%070000d\"", 0);
    for (int index = 0; index < count; index++)
        peer_answer(&peer, ids[index], "\"result\":\"pong\"");
    kill(getppid(), SIGCONT);
    while (peer_read(&peer, NULL) >= 0)
        continue;
    _exit(0);
}

static void *ping_for_100_ms(void *argument)
{
    struct imattr_options options = IMATTR_OPTIONS;
    struct imattr_error error;
    options.timeout_ms = 100;
    bool good = imattr_ping(argument, &options, &error);
    if (!good)
        fprintf(stderr, "%s\n", error.message);
    CHECK(good);
    return NULL;
}

static void test_a_stopped_process_finds_its_answers(void)
{
    for (int count = 1; count <= 4; count += 3) {
        struct fake fake;
        fake_listen(&fake);
        pid_t daemon = start_stopping_daemon(fake.listener, count);
        struct imattr_client *client = imattr_open(fake.path);
        in_threads((size_t)count, ping_for_100_ms, client);
        imattr_free(client);
        CHECK(waitpid(daemon, NULL, 0) == daemon);
        fake_unlisten(&fake);
    }
}

/* Asks for accounts that only this process asks for, and looks whether it gets just these. */
static bool get_own_accounts(struct imattr_client *client, int count)
{
    for (int index = 0; index < count; index++) {
        char account[64];
        const char *accounts[] = {account};
        struct imattr_error error;
        snprintf(account, sizeof account, "p%d-%lx-%d", (int)getpid(), (unsigned long)pthread_self(), index);
        struct imattr_result *result = imattr_get_attrs(client, accounts, 1, NULL, &error);
        if (result == NULL || result->user_count != 1 || strcmp(result->users[0].account, account) != 0) {
            fprintf(stderr, "%s: %s\n", account, result == NULL ? error.message : "another account's answer");
            return false;
        }
        imattr_result_free(result);
    }
    return true;
}

static atomic_bool over;

static void *get_until_over(void *argument)
{
    while (!over)
        CHECK(get_own_accounts(argument, 1));
    return NULL;
}

/* Ends a forked process. By exec, because what the threads of the parent held here would be leaks to a leak checker. */
static _Noreturn void end_child(bool good)
{
    execl(good ? "/bin/true" : "/bin/false", "child", (char *)NULL);
    _exit(1);
}

static bool ended_well(pid_t child)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The allocator of GCC's address sanitizer lets a child inherit locks that another thread of its parent held, so that the
 * child would wait for ever: there, only the thread that forks calls. The other builds have the threads. */
#ifdef __SANITIZE_ADDRESS__
enum { THREADS = 0 };
#else
enum { THREADS = 4 };
#endif

static void fork_among_calls(const char *path)
{
    enum { CHILDREN = 6 };
    struct imattr_client *client = imattr_open(path);
    pthread_t threads[THREADS + 1];
    pid_t children[CHILDREN];
    over = false;
    CHECK(get_own_accounts(client, 1));
    for (int index = 0; index < THREADS; index++)
        pthread_create(&threads[index], NULL, get_until_over, client);
    for (int index = 0; index < CHILDREN; index++) {
        children[index] = fork();
        if (children[index] == 0) {
            alarm(60); /* rather than hang */
            bool good = get_own_accounts(client, 30);
            pid_t grandchild = fork();
            if (grandchild == 0)
                end_child(get_own_accounts(client, 5));
            good = get_own_accounts(client, 30) && ended_well(grandchild) && good;
            imattr_free(client);
            end_child(good);
        }
    }
    bool good = get_own_accounts(client, 30);
    for (int index = 0; index < CHILDREN; index++)
        good = ended_well(children[index]) && good;
    over = true;
    for (int index = 0; index < THREADS; index++)
        pthread_join(threads[index], NULL);
    CHECK(good && get_own_accounts(client, 30));
    imattr_free(client);
}

static void test_forks_among_calls(void)
{
    struct fake fake;
    fake_start(&fake, serve_attrs, NULL);
    fork_among_calls(fake.path);
    fake_stop(&fake);
}

/* What a child may do with its parent's client, stream and token. */
static bool use_in_child(struct imattr_client *client, struct imattr_stream *stream, struct imattr_token *token)
{
    alarm(60);
    struct imattr_error error;
    bool good = imattr_stream_next(stream, &error) == NULL && error.kind == IMATTR_CANCELLED;
    good = get_own_accounts(client, 3) && good;
    imattr_cancel(token);
    imattr_stream_close(stream);
    good = get_own_accounts(client, 3) && good;
    imattr_free(client);
    imattr_token_free(token);
    return good;
}

struct forking_source {
    struct source source;
    bool forks;
    pid_t child;
};

static const char *forking_next(void *context)
{
    struct forking_source *source = context;
    if (source->forks && source->source.given == 25)
        source->child = fork();
    return source_next(&source->source);
}

static void test_streams_belong_to_their_process(void)
{
    for (int forks = 0; forks < 2; forks++) { /* between calls, and in the input */
        struct fake fake;
        struct imattr_error error;
        struct forking_source source = {.source = {.count = 500}, .forks = forks == 1, .child = -1};
        atomic_int withdrawn = 0;
        fake_start(&fake, serve_attrs, &withdrawn);
        struct imattr_client *client = imattr_open(fake.path);
        struct imattr_options options = IMATTR_OPTIONS;
        options.batch = 3;
        options.in_flight = 4;
        options.token = imattr_token_new();
        struct imattr_stream *stream = imattr_stream_open(client, forking_next, &source, &options, &error);
        size_t yielded = 0;
        while (imattr_stream_next(stream, &error) != NULL)
            if (++yielded == 10 && forks == 0)
                if ((source.child = fork()) == 0)
                    end_child(use_in_child(client, stream, options.token));
        if (source.child == 0)
            end_child(error.kind == IMATTR_CANCELLED && use_in_child(client, stream, options.token));
        CHECK(error.kind == IMATTR_OK && yielded == 500);
        CHECK(ended_well(source.child) && withdrawn == 0);
        imattr_stream_close(stream);
        imattr_token_free(options.token);
        CHECK(get_own_accounts(client, 3));
        imattr_free(client);
        CHECK(fake.count == 2); /* the parent's, and the child's */
        fake_stop(&fake);
    }
}

/* ---- Against the daemon at IMATTRD_SOCKET */

static void test_forks_beside_the_daemon(void)
{
    fork_among_calls(NULL);
}

static void test_daemon(void)
{
    struct imattr_client *client = imattr_open(NULL);
    struct imattr_error error;
    const char *accounts[] = {"Zhang Xiaohong", "abc"};
    char text[32];
    CHECK(imattr_ping(client, NULL, &error));
    struct imattr_result *result = imattr_get_attrs(client, accounts, 2, NULL, &error);
    CHECK(result != NULL && result->user_count == 2);
    CHECK(imattr_json_string(result->users[0].attrs, "city", text, sizeof text) == 8 && strcmp(text, "New York") == 0);
    imattr_result_free(result);
    struct imattr_status *status = imattr_get_status(client, NULL, &error);
    CHECK(status != NULL && strcmp(status->state, "ready") == 0 && strcmp(status->version, IMATTR_VERSION) == 0);
    CHECK(status->has_limiter && status->limiter.rate_limit > 0 && status->limiter.credit_ms >= 0);
    CHECK(status->has_upstream && strstr(status->upstream.host, "https://") == status->upstream.host);
    CHECK(status->requests.count > 3 && imattr_json_string(status->json, "state", text, sizeof text) == 5);
    size_t pings = status->requests.count;
    while (pings > 0 && strcmp(status->requests.at[pings - 1].name, "ping") != 0)
        pings--;
    CHECK(pings > 0 && status->requests.at[pings - 1].count > 0 && status->reasons.count == 0);
    imattr_status_free(status);
    CHECK(imattr_call(client, "nope", "{\n}", NULL, &error) == NULL && error.kind == IMATTR_REFUSED && error.code == -32601);
    CHECK(strstr(error.answer, "-32601") != NULL && strstr(error.message, "-32601") != NULL && error.retry_after_ms == -1);
    imattr_error_clear(&error);
    CHECK(error.kind == IMATTR_OK && error.answer == NULL);
    imattr_free(client);
}

static void *ping_often(void *argument)
{
    struct imattr_error error;
    for (int count = 0; count < 500; count++)
        CHECK(imattr_ping(argument, NULL, &error));
    return NULL;
}

static void test_daemon_in_threads(void)
{
    struct imattr_client *client = imattr_open(NULL);
    in_threads(16, ping_often, client);
    imattr_free(client);
}

#define RUN(test) run(test, #test)

int main(void)
{
    RUN(test_members);
    RUN(test_arguments);
    RUN(test_null_arguments);
    RUN(test_answers_in_pieces);
    RUN(test_threads_share_a_connection);
    RUN(test_cancelling_races_with_answers);
    RUN(test_nothing_is_lost_by_reconnecting);
    RUN(test_close_ends_what_waits);
    RUN(test_deadlines_of_followers);
    RUN(test_results_keep_the_order);
    RUN(test_streams_read_ahead_no_more_than_they_say);
    RUN(test_streams_in_threads);
    RUN(test_garbage);
    RUN(test_too_late_is_the_deadline_error);
    RUN(test_status);
    RUN(test_partial);
    RUN(test_a_stopped_process_finds_its_answers);
    RUN(test_forks_among_calls);
    RUN(test_streams_belong_to_their_process);
    RUN(test_daemon);
    RUN(test_daemon_in_threads);
    RUN(test_forks_beside_the_daemon);
    printf("%d passed\n", passed);
}

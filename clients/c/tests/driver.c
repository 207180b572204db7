/* driver.c - does with the client what it reads, one JSON object a line, and says what came of it: see
 * clients/contract/README.md. It includes the client's source for its JSON reader. */
#include "../imattr.c"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

struct command {
    struct command *next;
    char *line;
    struct text json, name;
    struct imattr_client *client;
    struct imattr_token *token;
    bool resumed, left; /* of a paused stream */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct command *running;

static struct text member(const struct command *command, const char *name)
{
    struct text found;
    return find_member(command->json, name, &found) ? found : (struct text){"", 0};
}

static long long number(const struct command *command, const char *name, long long otherwise)
{
    int64_t value;
    return read_integer(member(command, name), &value) ? value : otherwise;
}

static char *string(struct text json)
{
    char *text = malloc(json.length);
    text[decode_string(json, text)] = '\0';
    return text;
}

/* Says a line: {"call":NAME,MEMBERS}. */
static void say(const struct command *command, const struct buffer *members)
{
    flockfile(stdout);
    fputs("{\"call\":", stdout);
    fwrite(command->name.at, 1, command->name.length, stdout);
    putc(',', stdout);
    fwrite(members->at, 1, members->length, stdout);
    fputs("}\n", stdout);
    fflush(stdout);
    funlockfile(stdout);
}

__attribute__((format(printf, 2, 3))) static void say_format(const struct command *command, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    say(command, &(struct buffer){.at = text, .length = (size_t)length});
}

static void say_error(const struct command *command, struct imattr_error *error)
{
    static const char *const fields[] = {"source", "retryable", "retryAfterMs", "ErrorInfo", "attempts", "path",
                                         "limit", "limitName", "fetched", "failed", "callId", "clockSkewSeconds"};
    struct buffer text = {0};
    struct text message, data;
    buffer_add_text(&text, "\"error\":{\"kind\":\"");
    buffer_add_text(&text, imattr_kind_name(error->kind));
    buffer_add_text(&text, "\",\"message\":");
    struct text answer = error->answer != NULL ? object_text(error->answer) : (struct text){"", 0};
    if (find_member(answer, "message", &message))
        buffer_add(&text, message.at, message.length);
    else
        buffer_add_quoted(&text, error->message, strlen(error->message));
    if (error->answer != NULL) {
        char code[32];
        snprintf(code, sizeof code, ",\"code\":%" PRId64, error->code);
        buffer_add_text(&text, code);
        for (size_t index = 0; index < sizeof fields / sizeof *fields; index++) {
            struct text value;
            if (!find_member(answer, "data", &data) || !find_member(data, fields[index], &value))
                continue;
            buffer_add_text(&text, ",\"");
            buffer_add_text(&text, fields[index]);
            buffer_add_text(&text, "\":");
            buffer_add(&text, value.at, value.length);
        }
    } else if (error->kind == IMATTR_UNREACHABLE) {
        buffer_add_text(&text, ",\"path\":");
        buffer_add_quoted(&text, command->client->path, strlen(command->client->path));
        buffer_add_text(&text, ",\"errno\":\"");
        buffer_add_text(&text, strerrorname_np(error->system_error));
        buffer_add_text(&text, "\"");
    }
    buffer_add_text(&text, "}");
    say(command, &text);
    free(text.at);
    imattr_error_clear(error);
}

static void add_reason(struct buffer *text, const struct imattr_user *user)
{
    char code[48];
    buffer_add_text(text, "{\"To_Account\":");
    buffer_add_quoted(text, user->account, user->account_length);
    if (user->error_code != 0) {
        snprintf(code, sizeof code, ",\"ErrorCode\":%" PRId64, user->error_code);
        buffer_add_text(text, code);
    }
    if (user->error_info != NULL) {
        buffer_add_text(text, ",\"ErrorInfo\":");
        buffer_add_quoted(text, user->error_info, strlen(user->error_info));
    }
    buffer_add_text(text, "}");
}

static void add_user(struct buffer *text, const struct imattr_user *user)
{
    buffer_add_text(text, "{\"To_Account\":");
    buffer_add_quoted(text, user->account, user->account_length);
    buffer_add_text(text, ",\"Attrs\":");
    buffer_add(text, user->attrs, user->attrs_length);
    buffer_add_text(text, "}");
}

static void add_missing_account(struct buffer *text, const struct imattr_user *user)
{
    buffer_add_quoted(text, user->account, user->account_length);
}

static void add_failure(struct buffer *text, const struct imattr_failure *failure)
{
    char number[64];
    buffer_add_text(text, "{\"To_Account\":");
    buffer_add_quoted(text, failure->account, failure->account_length);
    snprintf(number, sizeof number, ",\"code\":%" PRId64 ",\"message\":", failure->code);
    buffer_add_text(text, number);
    buffer_add_quoted(text, failure->message, strlen(failure->message));
    buffer_add_text(text, failure->retryable ? ",\"retryable\":true" : ",\"retryable\":false");
    if (failure->retry_after_ms >= 0) {
        snprintf(number, sizeof number, ",\"retryAfterMs\":%" PRId64, failure->retry_after_ms);
        buffer_add_text(text, number);
    }
    if (failure->error_info != NULL) {
        buffer_add_text(text, ",\"ErrorInfo\":");
        buffer_add_quoted(text, failure->error_info, strlen(failure->error_info));
    }
    if (failure->call_id != NULL) {
        buffer_add_text(text, ",\"callId\":");
        buffer_add_quoted(text, failure->call_id, strlen(failure->call_id));
    }
    buffer_add_text(text, "}");
}

static void add_list(struct buffer *text, const char *head, const struct imattr_user *users, size_t count,
                     void (*add)(struct buffer *text, const struct imattr_user *user))
{
    buffer_add_text(text, head);
    for (size_t index = 0; index < count; index++) {
        if (index > 0)
            buffer_add_text(text, ",");
        add(text, &users[index]);
    }
    buffer_add_text(text, "]");
}

static int clamped(long long value)
{
    return value < INT_MIN ? INT_MIN : value > INT_MAX ? INT_MAX : (int)value;
}

static struct imattr_options options_of(const struct command *command)
{
    struct imattr_options options = IMATTR_OPTIONS;
    options.timeout_ms = clamped(number(command, "timeoutMs", options.timeout_ms));
    options.max_age_ms = clamped(number(command, "maxAgeMs", options.max_age_ms));
    options.batch = (size_t)number(command, "batch", (long long)options.batch);
    options.in_flight = (size_t)number(command, "inFlight", (long long)options.in_flight);
    options.partial = text_is(member(command, "partial"), "true");
    options.token = command->token;
    return options;
}

/* The accounts of a command. */
struct input {
    char **accounts;
    size_t count, given;
    char *prefix; /* instead of accounts */
    char made[300];
};

static void input_init(struct input *input, const struct command *command)
{
    struct text list = member(command, "accounts"), entry, prefix = member(command, "prefix");
    *input = (struct input){.count = (size_t)number(command, "count", 0)};
    if (prefix.length > 0)
        input->prefix = string(prefix);
    if (list.length == 0)
        return;
    size_t capacity = 0;
    const char *at = list.at;
    for (bool first = true; next_element(&at, list.at + list.length, first, NULL, &entry, 0); first = false) {
        if (input->count == capacity)
            input->accounts = realloc(input->accounts, (capacity = capacity * 2 + 16) * sizeof *input->accounts);
        /* What is no text, half a pair of surrogates too, is something that is not UTF-8 here. */
        char *account = *entry.at == '"' ? string(entry) : strdup("\xff");
        if (strstr(account, "\xef\xbf\xbd") != NULL && memmem(entry.at, entry.length, "\\ud", 3) != NULL)
            strcpy(account, "\xff");
        input->accounts[input->count++] = account;
    }
}

static void input_end(struct input *input)
{
    for (size_t index = 0; input->accounts != NULL && index < input->count; index++)
        free(input->accounts[index]);
    free(input->accounts);
    free(input->prefix);
}

static const char *input_next(void *context)
{
    struct input *input = context;
    if (input->given == input->count)
        return NULL;
    size_t index = input->given++;
    if (input->accounts != NULL)
        return input->accounts[index];
    snprintf(input->made, sizeof input->made, "%s%zu", input->prefix, index);
    return input->made;
}

static void do_get_attrs(const struct command *command)
{
    struct imattr_options options = options_of(command);
    struct imattr_error error;
    struct input input;
    input_init(&input, command);
    struct imattr_result *result =
        imattr_get_attrs(command->client, (const char *const *)input.accounts, input.count, &options, &error);
    input_end(&input);
    if (result == NULL) {
        say_error(command, &error);
        return;
    }
    struct buffer text = {0};
    add_list(&text, "\"result\":{\"UserAttrs\":[", result->users, result->user_count, add_user);
    add_list(&text, ",\"missing\":[", result->missing, result->missing_count, add_missing_account);
    if (result->error_count > 0)
        add_list(&text, ",\"ErrorList\":[", result->errors, result->error_count, add_reason);
    for (size_t index = 0; index < result->failed_count; index++) {
        buffer_add_text(&text, index == 0 ? ",\"failed\":[" : ",");
        add_failure(&text, &result->failed[index]);
    }
    if (options.partial)
        buffer_add_text(&text, result->failed_count > 0 ? "]" : ",\"failed\":[]");
    buffer_add_text(&text, "}");
    say(command, &text);
    free(text.at);
    imattr_result_free(result);
}

static void say_user(const struct command *command, const struct imattr_user *user)
{
    struct buffer text = {0};
    if (user->failure != NULL) {
        buffer_add_text(&text, "\"failed\":");
        add_failure(&text, user->failure);
    } else {
        buffer_add_text(&text, user->attrs != NULL ? "\"user\":" : "\"missing\":");
        (user->attrs != NULL ? add_user : add_reason)(&text, user);
    }
    say(command, &text);
    free(text.at);
}

/* Says that a stream is paused, and waits; whether it goes on. */
static bool pause_stream(struct command *command, const struct imattr_stream *stream)
{
    say_format(command, "\"paused\":true,\"taken\":%zu", imattr_stream_taken(stream));
    pthread_mutex_lock(&mutex);
    while (!command->resumed && !command->left)
        pthread_cond_wait(&changed, &mutex);
    bool left = command->left;
    pthread_mutex_unlock(&mutex);
    return !left;
}

static void do_stream(struct command *command)
{
    struct imattr_options options = options_of(command);
    struct imattr_error error;
    struct input input;
    long long pause_after = number(command, "pauseAfter", -1), yielded = 0;
    const struct imattr_user *user = NULL;
    bool goes_on = true;
    input_init(&input, command);
    struct imattr_stream *stream = imattr_stream_open(command->client, input_next, &input, &options, &error);
    while (stream != NULL && goes_on && (user = imattr_stream_next(stream, &error)) != NULL) {
        say_user(command, user);
        goes_on = ++yielded != pause_after || pause_stream(command, stream);
    }
    size_t taken = stream != NULL ? imattr_stream_taken(stream) : 0;
    imattr_stream_close(stream);
    input_end(&input);
    if (!goes_on)
        say_format(command, "\"left\":true");
    else if (error.kind != IMATTR_OK)
        say_error(command, &error);
    else
        say_format(command, "\"end\":true,\"taken\":%zu", taken);
}

static void say_result(const struct command *command, char *result, struct imattr_error *error)
{
    if (result == NULL) {
        say_error(command, error);
        return;
    }
    struct buffer text = {0};
    buffer_add_text(&text, "\"result\":");
    buffer_add_text(&text, result);
    say(command, &text);
    free(text.at);
    free(result);
}

static void do_call(const struct command *command)
{
    struct imattr_options options = options_of(command);
    struct imattr_error error;
    struct text params = member(command, "params");
    char *method = string(member(command, "method")), *text = params.length > 0 ? strndup(params.at, params.length) : NULL;
    say_result(command, imattr_call(command->client, method, text, &options, &error), &error);
    free(method);
    free(text);
}

static void do_ping(const struct command *command)
{
    struct imattr_options options = options_of(command);
    struct imattr_error error;
    bool good = imattr_ping(command->client, &options, &error);
    say_result(command, good ? strdup("\"pong\"") : NULL, &error);
}

static void bare_loop(const char *path, long long count)
{
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    char answer[4096];
    int file;
    if (connect_socket(path, &file) != 0)
        exit(1);
    fcntl(file, F_SETFL, 0);
    while (count-- > 0)
        if (write(file, line, sizeof line - 1) < 0 || read(file, answer, sizeof answer) <= 0)
            exit(1);
    close(file);
}

static void do_loop(const struct command *command)
{
    struct timespec begin, end;
    struct imattr_error error;
    long long count = number(command, "count", 0);
    bool bare = string_is(member(command, "of"), "bare");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (bare)
        bare_loop(command->client->path, count);
    while (!bare && count-- > 0)
        if (!imattr_ping(command->client, NULL, &error)) {
            say_error(command, &error);
            return;
        }
    clock_gettime(CLOCK_MONOTONIC, &end);
    say_format(command, "\"nanoseconds\":%lld",
               (long long)(end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec);
}

static void *run(void *argument)
{
    struct command *command = argument;
    struct text what = member(command, "do");
    struct imattr_error error;
    if (string_is(what, "getAttrs"))
        do_get_attrs(command);
    else if (string_is(what, "stream"))
        do_stream(command);
    else if (string_is(what, "ping"))
        do_ping(command);
    else if (string_is(what, "loop"))
        do_loop(command);
    else if (string_is(what, "call"))
        do_call(command);
    else {
        struct imattr_options options = options_of(command);
        struct imattr_status *status = imattr_get_status(command->client, &options, &error);
        say_result(command, status != NULL ? strdup(status->json) : NULL, &error);
        imattr_status_free(status);
    }
    pthread_mutex_lock(&mutex);
    for (struct command **link = &running; *link != NULL; link = &(*link)->next)
        if (*link == command) {
            *link = command->next;
            break;
        }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    imattr_token_free(command->token);
    free(command->line);
    free(command);
    return NULL;
}

/* Does something to the running command of a name. */
static void steer(const struct command *order)
{
    pthread_mutex_lock(&mutex);
    for (struct command *one = running; one != NULL; one = one->next) {
        if (!same_text(one->name.at, one->name.length, order->name.at, order->name.length))
            continue;
        if (string_is(member(order, "do"), "cancel"))
            imattr_cancel(one->token);
        else if (string_is(member(order, "do"), "resume"))
            one->resumed = true;
        else
            one->left = true;
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static pid_t children[100];
static size_t child_count;

/* The child asks by the client that it has from its parent. */
static void do_fork(const struct command *command)
{
    pid_t child = fork();
    if (child != 0) {
        children[child_count++] = child;
        return;
    }
    do_get_attrs(command);
    _exit(0);
}

static void launch(struct command *command)
{
    pthread_t thread;
    command->token = imattr_token_new();
    pthread_mutex_lock(&mutex);
    command->next = running;
    running = command;
    pthread_mutex_unlock(&mutex);
    if (pthread_create(&thread, NULL, run, command) != 0)
        exit(1);
    pthread_detach(thread);
}

static void wait_for_all(void)
{
    pthread_mutex_lock(&mutex);
    while (running != NULL)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

static struct imattr_client *open_client(const struct command *command)
{
    struct text path = member(command, "socket");
    char *socket_path = path.length > 0 ? string(path) : NULL;
    struct imattr_client *client = imattr_open(socket_path);
    free(socket_path);
    return client;
}

int main(void)
{
    static struct imattr_client *clients[1000]; /* to be freed when nothing runs any more */
    size_t count = 0, capacity = 0;
    char *line = NULL;
    ssize_t length;
    puts("{\"driver\":\"c\",\"features\":[\"concurrent\",\"cancel\",\"stream\",\"pause\",\"reconnect\",\"bigint\",\"large\",\"duplex\",\"loop\",\"fork\"]}");
    fflush(stdout);
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        struct command *command = calloc(1, sizeof *command);
        command->line = strndup(line, (size_t)length);
        command->json = object_text(command->line);
        command->name = member(command, "call");
        struct text what = member(command, "do");
        bool opens = string_is(what, "open"), closes = string_is(what, "close");
        bool steers = string_is(what, "cancel") || string_is(what, "resume") || string_is(what, "leave");
        if (opens || count == 0)
            clients[count++] = open_client(command);
        command->client = clients[count - 1];
        if (closes)
            imattr_close(command->client);
        if (opens || closes) {
            puts(opens ? "{\"opened\":true}" : "{\"closed\":true}");
            fflush(stdout);
        }
        if (steers)
            steer(command);
        bool forks = string_is(what, "fork");
        if (forks)
            do_fork(command);
        if (!opens && !closes && !steers && !forks) {
            launch(command);
            continue;
        }
        free(command->line);
        free(command);
    }
    wait_for_all();
    while (child_count > 0)
        waitpid(children[--child_count], NULL, 0);
    for (size_t index = 0; index < count; index++)
        imattr_free(clients[index]);
    free(line);
}

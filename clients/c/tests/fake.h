/* fake.h - a daemon that does what a test says: each connection is a thread that runs a function of the test. */
#ifndef FAKE_H
#define FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake;

struct peer {
    struct fake *fake;
    FILE *input;
    int file;
    int number; /* of the connection, from 1 */
};

typedef void serve(struct peer *peer);

struct fake {
    char folder[64], path[96];
    int listener;
    int count;      /* of connections so far; under the mutex */
    int open;       /* of connections that are served; under the mutex */
    serve *serve;
    void *context;  /* the test's */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

static void *peer_run(void *argument)
{
    struct peer *peer = argument;
    struct fake *fake = peer->fake;
    fake->serve(peer);
    fclose(peer->input);
    free(peer);
    pthread_mutex_lock(&fake->mutex);
    fake->open--;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->mutex);
    return NULL;
}

static void *fake_run(void *argument)
{
    struct fake *fake = argument;
    int file;
    while ((file = accept(fake->listener, NULL, NULL)) >= 0) {
        struct peer *peer = malloc(sizeof *peer);
        pthread_t thread;
        pthread_mutex_lock(&fake->mutex);
        fake->open++;
        *peer = (struct peer){fake, fdopen(file, "r"), file, ++fake->count};
        pthread_mutex_unlock(&fake->mutex);
        pthread_create(&thread, NULL, peer_run, peer);
        pthread_detach(thread);
    }
    return NULL;
}

/* Makes a socket and listens, without accepting. */
static void fake_listen(struct fake *fake)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memset(fake, 0, sizeof *fake);
    strcpy(fake->folder, "/tmp/imattr-c.XXXXXX");
    if (mkdtemp(fake->folder) == NULL)
        abort();
    snprintf(fake->path, sizeof fake->path, "%s/socket", fake->folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fake->path);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fake->listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(fake->listener, 100) != 0)
        abort();
}

static void fake_unlisten(struct fake *fake)
{
    close(fake->listener);
    unlink(fake->path);
    rmdir(fake->folder);
}

static void fake_start(struct fake *fake, serve *serve, void *context)
{
    fake_listen(fake);
    fake->serve = serve;
    fake->context = context;
    pthread_mutex_init(&fake->mutex, NULL);
    pthread_cond_init(&fake->changed, NULL);
    pthread_create(&fake->thread, NULL, fake_run, fake);
}

/* Ends it; the client must have closed, so that the connections end. */
static void fake_stop(struct fake *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    pthread_mutex_lock(&fake->mutex);
    while (fake->open > 0)
        pthread_cond_wait(&fake->changed, &fake->mutex);
    pthread_mutex_unlock(&fake->mutex);
    fake_unlisten(fake);
}

/* Reads a request: its id, 0 for a notification; -1 at the end. The line is kept in `line` if that is not NULL. */
static long peer_read(struct peer *peer, char **line)
{
    char *text = NULL;
    size_t capacity = 0;
    long id = -1;
    if (getline(&text, &capacity, peer->input) > 0) {
        const char *found = strstr(text, "\"id\":");
        id = found != NULL && strstr(text, "$/cancelRequest") == NULL ? atol(found + 5) : 0;
    }
    if (line != NULL && id >= 0)
        *line = text;
    else
        free(text);
    return id;
}

static void peer_write(struct peer *peer, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(peer->file, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

__attribute__((format(printf, 3, 4))) static void peer_answer(struct peer *peer, long id, const char *format, ...)
{
    char *members = NULL, *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&members, format, arguments) < 0)
        abort();
    va_end(arguments);
    int length = asprintf(&line, "{\"jsonrpc\":\"2.0\",\"id\":%ld,%s}\n", id, members);
    if (length < 0)
        abort();
    peer_write(peer, line, (size_t)length);
    free(members);
    free(line);
}

#endif

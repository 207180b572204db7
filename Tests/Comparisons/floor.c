/* The floor of any door: reads lines from Unix connections, and answers each with the same bytes.

       floor SOCKET

   One thread, epoll, one read and one write for whatever has arrived. It looks at nothing but the ends of lines. */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char answer[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}\n";
static char in[65536], out[65536 * sizeof answer];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int listen_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) fail(path);
    return listener;
}

static void watch(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)) fail("epoll_ctl");
}

/* Returns whether the connection goes on. */
static int serve(int connection) {
    ssize_t count = read(connection, in, sizeof in);
    if (count <= 0) return count < 0 && errno == EINTR;
    char *end = out;
    for (char *at = in; (at = memchr(at, '\n', in + count - at)); at++) end = mempcpy(end, answer, sizeof answer - 1);
    for (char *at = out; at < end;) {
        ssize_t written = write(connection, at, end - at);
        if (written < 0) return 0;
        at += written;
    }
    return 1;
}

int main(int count, char **arguments) {
    if (count != 2) return fputs("usage: floor SOCKET\n", stderr), 64;
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(arguments[1]), epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1");
    watch(epoll, listener);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor == listener) {
                int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (connection >= 0) watch(epoll, connection);
            } else if (!serve(descriptor)) {
                close(descriptor);
            }
        }
    }
}

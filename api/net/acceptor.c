#include "api/net/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How long to leave off when no more can be taken; how many are taken in a row, and at the end. */
enum { PAUSE_MS = 20, ROW_MAX = 64, LAST_MAX = 1024 };

struct acceptor {
    pthread_t thread;
    struct loop *const *loops;
    unsigned count, limit;
    int fd, bell;
};

/* The loop with the fewest connections; NULL when all together have as many as may be. */
static struct loop *choose(const struct acceptor *d)
{
    struct loop *chosen = NULL;
    unsigned fewest = 0, all = 0;

    for (unsigned i = 0; i < d->count; i++) {
        const unsigned has = loop_connections(d->loops[i]);

        all += has;
        if (chosen == NULL || has < fewest) {
            chosen = d->loops[i];
            fewest = has;
        }
    }
    return all < d->limit ? chosen : NULL;
}

/* Takes one. Returns 0, 1 when there is none, or -1 when it must be left where it is for now. */
static int take(const struct acceptor *d)
{
    struct loop *loop = choose(d);
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd;

    if (loop == NULL)
        return -1;
    fd = accept4(d->fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        loop_give(loop, fd, &address, len);
        return 0;
    }
    if (errno == ECONNABORTED || errno == EINTR)
        return 0;
    return errno == EAGAIN ? 1 : -1;
}

/* Takes those that there are, at most max. Returns as take does. */
static int take_some(const struct acceptor *d, unsigned max)
{
    int rc = 0;

    for (unsigned i = 0; i < max && rc == 0; i++)
        rc = take(d);
    return rc;
}

static void *run(void *arg)
{
    const struct acceptor *d = arg;
    struct pollfd fds[2] = {{.fd = d->bell, .events = POLLIN}, {.fd = d->fd, .events = POLLIN}};
    int rc = 0;

    for (;;) {
        (void)poll(fds, rc < 0 ? 1 : 2, rc < 0 ? PAUSE_MS : -1);
        if (fds[0].revents != 0)
            break;
        rc = take_some(d, ROW_MAX);
    }
    (void)take_some(d, LAST_MAX);
    return NULL;
}

struct acceptor *acceptor_open(int fd, struct loop *const *loops, unsigned count, unsigned limit)
{
    struct acceptor *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    *d = (struct acceptor){.loops = loops, .count = count, .limit = limit, .fd = fd};
    d->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->bell >= 0 && pthread_create(&d->thread, NULL, run, d) == 0)
        return d;
    if (d->bell >= 0)
        close(d->bell);
    free(d);
    return NULL;
}

void acceptor_close(struct acceptor *d)
{
    if (d == NULL)
        return;
    (void)eventfd_write(d->bell, 1);
    pthread_join(d->thread, NULL);
    close(d->bell);
    free(d);
}

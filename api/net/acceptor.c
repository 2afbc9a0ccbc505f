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
    int fd, wakeup_fd;
};

/* The loop with the fewest connections; NULL when all together have as many as may be. */
static struct loop *choose(const struct acceptor *a)
{
    struct loop *chosen = NULL;
    unsigned fewest = 0, all = 0;

    for (unsigned i = 0; i < a->count; i++) {
        const unsigned has = loop_connections(a->loops[i]);

        all += has;
        if (chosen == NULL || has < fewest) {
            chosen = a->loops[i];
            fewest = has;
        }
    }
    return all < a->limit ? chosen : NULL;
}

/* Takes one. Returns 0, 1 when there is none, or -1 when it must be left where it is for now. */
static int take(const struct acceptor *a)
{
    struct loop *loop = choose(a);
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd;

    if (loop == NULL)
        return -1;
    fd = accept4(a->fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        loop_give(loop, fd, &address, len);
        return 0;
    }
    if (errno == ECONNABORTED || errno == EINTR)
        return 0;
    return errno == EAGAIN ? 1 : -1;
}

/* Takes those that there are, at most max. Returns as take does. */
static int take_some(const struct acceptor *a, unsigned max)
{
    int rc = 0;

    for (unsigned i = 0; i < max && rc == 0; i++)
        rc = take(a);
    return rc;
}

static void *run(void *arg)
{
    const struct acceptor *a = arg;
    struct pollfd fds[2] = {{.fd = a->wakeup_fd, .events = POLLIN},
                            {.fd = a->fd, .events = POLLIN}};
    int rc = 0;

    for (;;) {
        (void)poll(fds, rc < 0 ? 1 : 2, rc < 0 ? PAUSE_MS : -1);
        if (fds[0].revents != 0)
            break;
        rc = take_some(a, ROW_MAX);
    }
    (void)take_some(a, LAST_MAX);
    return NULL;
}

struct acceptor *acceptor_open(int fd, struct loop *const *loops, unsigned count, unsigned limit)
{
    struct acceptor *a = calloc(1, sizeof(*a));

    if (a == NULL)
        return NULL;
    *a = (struct acceptor){.loops = loops, .count = count, .limit = limit, .fd = fd};
    a->wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (a->wakeup_fd >= 0 && pthread_create(&a->thread, NULL, run, a) == 0)
        return a;
    if (a->wakeup_fd >= 0)
        close(a->wakeup_fd);
    free(a);
    return NULL;
}

void acceptor_close(struct acceptor *a)
{
    if (a == NULL)
        return;
    (void)eventfd_write(a->wakeup_fd, 1);
    pthread_join(a->thread, NULL);
    close(a->wakeup_fd);
    free(a);
}

#include "api/net/connections.h"

#include "vault/protocol/encoding/clock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { TOO_LATE_MAX = 2048 }; /* bytes of that answer */

enum phase { PHASE_IDLE, PHASE_READING, PHASE_WORKING, PHASE_SENDING, PHASE_CUT };

struct connection {
    struct connection *next, **link;
    int fd;
    struct connections *all;
    uint8_t client[16]; /* where it is counted */
    bool counted;
    /* Phase and deadline in one word, so that a change of phase and a cut cannot both happen: the
       deadline in milliseconds times 8, plus the phase. */
    atomic_int_least64_t state;
    atomic_uint_least64_t number; /* of the request that is being read; 0: not known yet */
};

struct connections {
    pthread_mutex_t lock; /* for the list; a socket is not closed while it is held */
    struct connection *first;
    unsigned count;
    struct connections_hooks hooks;
};

static int64_t state_of(enum phase phase, int64_t deadline_ms)
{
    return deadline_ms * 8 + phase;
}

static enum phase phase_of(int64_t state)
{
    return (enum phase)(state & 7);
}

static int64_t in_ms(int64_t ms)
{
    return clock_monotonic_ms() + ms;
}

struct connections *connections_new(const struct connections_hooks *hooks)
{
    struct connections *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    pthread_mutex_init(&c->lock, NULL);
    c->hooks = *hooks;
    return c;
}

void connections_free(struct connections *c)
{
    if (c == NULL)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c);
}

unsigned connections_count(struct connections *c)
{
    unsigned count;

    pthread_mutex_lock(&c->lock);
    count = c->count;
    pthread_mutex_unlock(&c->lock);
    return count;
}

static bool may_stay(struct connections *c, struct connection *n, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return c->hooks.came == NULL ||
           c->hooks.came(c->hooks.ctx, info != NULL ? info->client_addr : NULL, n->client,
                         &n->counted);
}

static void opened(struct connections *c, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *n = info != NULL ? calloc(1, sizeof(*n)) : NULL;

    *context = n; /* NULL: it is served, and its first request refused */
    if (n == NULL)
        return;
    n->fd = info->connect_fd;
    n->all = c;
    atomic_init(&n->state, state_of(PHASE_IDLE, in_ms(CONNECTIONS_IDLE_MS)));
    atomic_init(&n->number, 0);
    if (!may_stay(c, n, connection)) {
        atomic_store(&n->state, state_of(PHASE_CUT, 0));
        (void)shutdown(n->fd, SHUT_RDWR);
    }
    pthread_mutex_lock(&c->lock);
    n->next = c->first;
    n->link = &c->first;
    if (c->first != NULL)
        c->first->link = &n->next;
    c->first = n;
    c->count++;
    pthread_mutex_unlock(&c->lock);
}

static void closed(struct connections *c, struct connection *n)
{
    if (n == NULL)
        return;
    if (n->counted)
        c->hooks.left(c->hooks.ctx, n->client);
    pthread_mutex_lock(&c->lock);
    *n->link = n->next;
    if (n->next != NULL)
        n->next->link = n->link;
    c->count--;
    pthread_mutex_unlock(&c->lock);
    free(n);
}

void connections_notify(void *ctx, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        opened(ctx, connection, socket_context);
    else
        closed(ctx, *socket_context);
}

static struct connection *find(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

void *connections_ctx(struct MHD_Connection *connection)
{
    const struct connection *n = find(connection);

    return n != NULL ? n->all->hooks.ctx : NULL;
}

/* Changes the phase, unless the connection was cut. */
static bool change(struct MHD_Connection *connection, enum phase phase, int64_t deadline_ms)
{
    struct connection *n = find(connection);
    int64_t state;

    if (n == NULL)
        return false;
    state = atomic_load(&n->state);
    do {
        if (phase_of(state) == PHASE_CUT)
            return false;
    } while (!atomic_compare_exchange_weak(&n->state, &state, state_of(phase, deadline_ms)));
    return true;
}

void connections_reading(struct MHD_Connection *connection, int64_t ms, uint64_t number)
{
    struct connection *n = find(connection);

    if (n != NULL)
        atomic_store(&n->number, number);
    (void)change(connection, PHASE_READING, in_ms(ms));
}

bool connections_working(struct MHD_Connection *connection)
{
    return change(connection, PHASE_WORKING, 0);
}

void connections_sending(struct MHD_Connection *connection)
{
    (void)change(connection, PHASE_SENDING, in_ms(CONNECTIONS_SEND_MS));
}

void connections_idle(struct MHD_Connection *connection)
{
    struct connection *n = find(connection);

    if (n != NULL)
        atomic_store(&n->number, 0);
    (void)change(connection, PHASE_IDLE, in_ms(CONNECTIONS_IDLE_MS));
}

/* Whether a part of a request line came in since the connection became idle: libmicrohttpd makes a
   request known only when its line is whole. */
static bool has_begun(const struct connection *n, int64_t state)
{
    enum { SLACK_MS = 20 };
    const int64_t idle_ms = in_ms(CONNECTIONS_IDLE_MS) - (state >> 3);
    struct tcp_info info;
    socklen_t size = sizeof(info);

    memset(&info, 0, sizeof(info));
    if (getsockopt(n->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    return (int64_t)info.tcpi_last_data_recv + SLACK_MS < idle_ms;
}

/* A small answer that does not fit into the socket's buffer is not worth waiting for. */
static void tell_too_late(const struct connection *n)
{
    char buffer[TOO_LATE_MAX];
    const uint64_t known = atomic_load(&n->number);
    const size_t len = n->all->hooks.too_late(
        known != 0 ? known : ((uint64_t)1 << 32 | randombytes_random()), buffer, sizeof(buffer));

    if (len > 0)
        (void)!send(n->fd, buffer, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Shuts a connection down if it still is in the state that was seen. Returns whether it was. */
static bool cut(const struct connections *c, struct connection *n, int64_t state, bool tell)
{
    if (!atomic_compare_exchange_strong(&n->state, &state, state_of(PHASE_CUT, 0)))
        return false;
    if (tell && c->hooks.too_late != NULL)
        tell_too_late(n);
    shutdown(n->fd, SHUT_RDWR);
    return true;
}

unsigned connections_expire(struct connections *c, int64_t now_ms)
{
    unsigned count = 0;

    pthread_mutex_lock(&c->lock);
    for (struct connection *n = c->first; n != NULL; n = n->next) {
        const int64_t state = atomic_load(&n->state);
        const enum phase phase = phase_of(state);

        if (phase != PHASE_WORKING && phase != PHASE_CUT && now_ms >= state >> 3 &&
            cut(c, n, state,
                phase == PHASE_READING || (phase == PHASE_IDLE && has_begun(n, state))))
            count++;
    }
    pthread_mutex_unlock(&c->lock);
    return count;
}

static bool has_unread(const struct connection *n)
{
    int bytes = 0;

    return ioctl(n->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* Whether an ending service may shut a connection down that is in this state. */
static bool is_over(const struct connection *n, int64_t state, int64_t now_ms, bool all)
{
    const int64_t idle_ms = now_ms - ((state >> 3) - CONNECTIONS_IDLE_MS);

    if (all)
        return phase_of(state) != PHASE_WORKING && phase_of(state) != PHASE_CUT;
    return phase_of(state) == PHASE_IDLE && idle_ms >= CONNECTIONS_QUIET_MS && !has_unread(n);
}

unsigned connections_end(struct connections *c, int64_t now_ms, bool all)
{
    unsigned left = 0;

    pthread_mutex_lock(&c->lock);
    for (struct connection *n = c->first; n != NULL; n = n->next) {
        const int64_t state = atomic_load(&n->state);

        if (is_over(n, state, now_ms, all))
            (void)cut(c, n, state, phase_of(state) == PHASE_READING);
        left++;
    }
    pthread_mutex_unlock(&c->lock);
    return left;
}

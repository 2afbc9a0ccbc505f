#include "api/net/connections.h"

#include "api/handler.h"
#include "api/http/problem.h"
#include "api/net/client.h"
#include "api/policy/client_counts.h"
#include "api/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum phase { PHASE_IDLE, PHASE_READING, PHASE_WORKING, PHASE_SENDING, PHASE_CUT };

struct connection {
    struct connection *next, **link;
    int fd;
    struct server *server;
    uint8_t network[16]; /* of the client, where it is counted */
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
    struct server *server; /* NULL: no limits */
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
    return server_now_us() / 1000 + ms;
}

struct connections *connections_new(void)
{
    struct connections *c = calloc(1, sizeof(*c));

    if (c != NULL)
        pthread_mutex_init(&c->lock, NULL);
    return c;
}

void connections_free(struct connections *c)
{
    if (c == NULL)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void connections_serve(struct connections *c, struct server *s)
{
    c->server = s;
}

unsigned connections_count(struct connections *c)
{
    unsigned count;

    pthread_mutex_lock(&c->lock);
    count = c->count;
    pthread_mutex_unlock(&c->lock);
    return count;
}

/* Counts a connection to its client, unless that has too many. A proxy's and a unix socket's are
   those of many clients. Returns whether it may stay. */
static bool count(struct connections *c, struct connection *n, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;
    struct client client;

    if (c->server == NULL)
        return true;
    client_of_peer(&client, peer);
    if (!client.known || client_is_proxy(server_proxies(c->server), peer))
        return true;
    memcpy(n->network, client.network, sizeof(n->network));
    n->counted = client_counts_enter(server_connection_tally(c->server), n->network,
                                     server_limits(c->server)->address_connections);
    return n->counted;
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
    n->server = c->server;
    atomic_init(&n->state, state_of(PHASE_IDLE, in_ms(CONNECTIONS_IDLE_MS)));
    atomic_init(&n->number, 0);
    if (!count(c, n, connection)) {
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
        client_counts_leave(server_connection_tally(c->server), n->network);
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

struct server *connections_server(struct MHD_Connection *connection)
{
    const struct connection *n = find(connection);

    return n != NULL ? n->server : NULL;
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

/* The 408, head and body, as any other answer has them. */
static struct text write_too_late(char *buffer, size_t size, uint64_t number)
{
    const struct problem p = {.code = PROBLEM_DEADLINE};
    char body_buffer[PROBLEM_TEXT_MAX];
    struct text t = text_into(buffer, size), body = text_into(body_buffer, sizeof(body_buffer));

    problem_write(&body, &p);
    text_add(&t, "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n");
    for (size_t i = 0; i < HANDLER_HEADERS; i++) {
        text_add(&t, handler_headers[i].name);
        text_add(&t, ": ");
        text_add(&t, handler_headers[i].value);
        text_add(&t, "\r\n");
    }
    text_add(&t, "Connection: close\r\nX-Request-Id: ");
    text_i64(&t, (int64_t)number);
    text_add(&t, "\r\nContent-Length: ");
    text_i64(&t, (int64_t)body.len);
    text_add(&t, "\r\n\r\n");
    text_bytes(&t, body.data, body.len);
    return t;
}

/* A small answer that does not fit into the socket's buffer is not worth waiting for. */
static void tell_too_late(const struct connection *n)
{
    char buffer[PROBLEM_TEXT_MAX];
    const uint64_t known = atomic_load(&n->number);
    const struct text t = write_too_late(
        buffer, sizeof(buffer), known != 0 ? known : ((uint64_t)1 << 32 | randombytes_random()));

    if (!t.overflow)
        (void)!send(n->fd, t.data, t.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Shuts a connection down if it still is in the state that was seen. Returns whether it was. */
static bool cut(const struct connections *c, struct connection *n, int64_t state, bool tell)
{
    if (!atomic_compare_exchange_strong(&n->state, &state, state_of(PHASE_CUT, 0)))
        return false;
    if (tell && (c->server == NULL || !server_speaks_tls(c->server)))
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

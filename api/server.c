#include "api/server.h"

#include "api/base/log.h"
#include "api/base/service.h"
#include "api/endpoints/routes.h"
#include "api/handler.h"
#include "api/http/guard.h"
#include "api/http/longpoll.h"
#include "api/http/reply.h"
#include "api/metrics/listener.h"
#include "api/metrics/request_counts.h"
#include "api/net/acceptor.h"
#include "api/net/client.h"
#include "api/net/connections.h"
#include "api/net/listen.h"
#include "api/net/loop.h"
#include "api/net/tls.h"
#include "api/policy/client_counts.h"
#include "api/policy/limits.h"
#include "api/policy/rate_limit.h"
#include "vault/protocol/encoding/clock.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SPARE_FILES = 64 };

/* A configuration that is, or was, in force. Those that were replaced stay until the end: a request
   may hold one. */
struct version {
    struct version *older;
    struct config config;
};

struct server {
    struct service service; /* what requests share */
    struct config config;   /* as it was at the start: what a reload does not change */
    struct version *newest;
    int fd; /* it listens; -1: not */
    struct acceptor *acceptor;
    struct loop *loops[CONFIG_THREADS_MAX];
    unsigned loop_count;
    struct listener *metrics; /* NULL: none */

    pthread_t timer;
    bool timer_runs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending; /* the timer's end */
};

/* Makes a configuration's changeable part the one in force. Returns 0 or -1. */
static int put_in_force(struct server *s, const struct config *config)
{
    struct version *v = calloc(1, sizeof(*v));

    if (v == NULL)
        return -1;
    v->config = s->config;
    v->config.limits = config->limits;
    v->config.proxies = config->proxies;
    v->config.submissions_open = config->submissions_open;
    v->config.log = config->log;
    v->older = s->newest;
    s->newest = v;
    atomic_store(&s->service.config, &v->config);
    return 0;
}

const struct log *server_log(const struct server *s)
{
    return &service_config(&s->service)->log;
}

static void *run_timer(void *arg)
{
    struct server *s = arg;
    unsigned cut;

    pthread_mutex_lock(&s->lock);
    while (!s->ending) {
        const int64_t until_us = clock_monotonic_us() + SERVER_TICK_MS * 1000;
        const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                       .tv_nsec = (long)(until_us % 1000000) * 1000};

        pthread_mutex_unlock(&s->lock);
        longpoll_wake(s->service.longpolls, clock_monotonic_ms(), false);
        cut = connections_expire(s->service.connections, clock_monotonic_ms());
        if (cut > 0)
            log_note(server_log(s), LOG_LEVEL_INFO, "connections were shut down at their deadline",
                     cut);
        pthread_mutex_lock(&s->lock);
        while (!s->ending && pthread_cond_timedwait(&s->changed, &s->lock, &until) != ETIMEDOUT)
            ;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void stop_timer(struct server *s)
{
    if (!s->timer_runs)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->timer, NULL);
}

/* libmicrohttpd's own words may repeat a client's: only the fact is noted. */
static void log_library(void *ctx, const char *format, va_list arguments)
{
    const struct server *s = ctx;

    (void)format;
    (void)arguments;
    log_note(server_log(s), LOG_LEVEL_DEBUG, "libmicrohttpd reports a fault of a connection", 0);
}

/* As many connections as files may be open, within reason. */
static unsigned connection_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur <= 2 * SPARE_FILES)
        return SPARE_FILES;
    if (files.rlim_cur - SPARE_FILES > SERVER_CONNECTIONS_MAX)
        return SERVER_CONNECTIONS_MAX;
    return (unsigned)files.rlim_cur - SPARE_FILES;
}

/* GnuTLS asks for the pair to show in a handshake; libmicrohttpd has made the connection the
   session's pointer. */
static int retrieve_pair(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                         gnutls_pcert_st **certs, unsigned *count, gnutls_ocsp_data_st **ocsp,
                         unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    struct MHD_Connection *connection = gnutls_session_get_ptr(session);
    const struct server *s = connection != NULL ? connections_ctx(connection) : NULL;

    (void)info;
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = 0;
    return s != NULL && s->service.tls != NULL ? tls_pair(s->service.tls, certs, count, key) : -1;
}

/* A daemon that the loop drives. It neither listens nor has a thread. */
static struct MHD_Daemon *start_daemon(struct server *s, struct loop *loop)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                           MHD_USE_ERROR_LOG | (s->service.tls != NULL ? MHD_USE_TLS : 0U);
    struct MHD_OptionItem more[3];
    size_t count = 0;

    if (s->service.tls != NULL) {
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                                (void *)(uintptr_t)TLS_PRIORITIES};
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK2, 0,
                                                (void *)(uintptr_t)retrieve_pair};
    }
    more[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handler_request, loop, MHD_OPTION_EXTERNAL_LOGGER, log_library, s,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)GUARD_POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
        handler_target, loop, MHD_OPTION_NOTIFY_COMPLETED, handler_completed, loop,
        MHD_OPTION_NOTIFY_CONNECTION, loop_notify, loop, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

/* Starts the loops, and at the end accepts connections for them. Returns 0 or -1. */
static int start_serving(struct server *s)
{
    while (s->loop_count < s->config.threads) {
        struct loop *loop = loop_new(&s->service, handler_answered);
        struct MHD_Daemon *daemon = loop != NULL ? start_daemon(s, loop) : NULL;

        if (loop != NULL)
            s->loops[s->loop_count++] = loop;
        if (daemon == NULL || loop_start(loop, daemon) != 0)
            return -1;
    }
    s->acceptor = acceptor_open(s->fd, s->loops, s->loop_count, connection_limit());
    return s->acceptor != NULL ? 0 : -1;
}

static void stop_serving(struct server *s)
{
    acceptor_close(s->acceptor);
    while (s->loop_count > 0)
        loop_free(s->loops[--s->loop_count]);
    if (s->fd >= 0)
        close(s->fd);
    listen_remove(&s->config.listen);
}

/* Reads the certificate that a configuration names. */
static int load_certificate(struct server *s, const struct config *config, char *why,
                            size_t why_size)
{
    if (config->tls_cert == NULL)
        return 0;
    if (s->service.tls == NULL)
        s->service.tls = tls_new();
    if (s->service.tls == NULL || tls_load(s->service.tls, config->tls_cert, config->tls_key,
                                           &config->log, why, why_size) != 0)
        return -1;
    return 0;
}

int server_reload(struct server *s, const struct config *config, char *why, size_t why_size)
{
    /* Whether there is TLS at all, and where its files are, is settled at the start. */
    struct config wanted = *config;

    wanted.tls_cert = s->config.tls_cert;
    wanted.tls_key = s->config.tls_key;
    snprintf(why, why_size, "out of memory");
    if (load_certificate(s, &wanted, why, why_size) != 0)
        return -1;
    return put_in_force(s, config);
}

static void free_server(struct server *s)
{
    struct service *const shared = &s->service;

    listener_stop(s->metrics);
    request_counts_free(shared->request_counts);
    rate_limit_free(shared->rate_limit);
    tls_free(shared->tls);
    client_counts_free(shared->client_connections);
    client_counts_free(shared->client_waits);
    longpoll_free(shared->longpolls);
    connections_free(shared->connections);
    for (struct version *v = s->newest; v != NULL;) {
        struct version *older = v->older;

        free(v);
        v = older;
    }
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Counts a connection to its client, unless that has too many. A proxy's and a unix socket's are
   those of many clients. Returns whether it may stay. */
static bool connection_came(void *ctx, const struct sockaddr *peer, uint8_t network[16],
                            bool *counted)
{
    const struct server *s = ctx;
    const struct config *config = service_config(&s->service);
    struct client client;

    client_of_peer(&client, peer);
    if (!client.known || client_is_proxy(&config->proxies, peer))
        return true;
    memcpy(network, client.network, sizeof(client.network));
    *counted = client_counts_enter(s->service.client_connections, network,
                                   config->limits.address_connections);
    return *counted;
}

static void connection_left(void *ctx, const uint8_t network[16])
{
    const struct server *s = ctx;

    client_counts_leave(s->service.client_connections, network);
}

/* Makes what requests share. Returns 0 or -1. */
static int make_shared(struct server *s)
{
    static const char https[] = "https://";
    struct service *const shared = &s->service;
    const bool tls = s->config.tls_cert != NULL;
    const struct connections_hooks hooks = {.ctx = s,
                                            .came = connection_came,
                                            .left = connection_left,
                                            .too_late = tls ? NULL : reply_too_late};

    shared->wants_https = tls || (s->config.base_url != NULL &&
                                  strncmp(s->config.base_url, https, sizeof(https) - 1) == 0);
    shared->started_at = (int64_t)time(NULL);
    atomic_init(&shared->number, ((uint64_t)randombytes_random() << 16) + 1);
    shared->connections = connections_new(&hooks);
    shared->longpolls = longpoll_new(shared->vault);
    shared->request_counts = request_counts_new(&routes);
    shared->rate_limit = rate_limit_new(LIMITS_CLIENTS);
    shared->client_connections = client_counts_new();
    shared->client_waits = client_counts_new();
    return shared->connections != NULL && shared->longpolls != NULL &&
                   shared->request_counts != NULL && shared->rate_limit != NULL &&
                   shared->client_connections != NULL && shared->client_waits != NULL
               ? 0
               : -1;
}

static struct server *new_server(const struct config *config, struct vault *vault)
{
    struct server *s = calloc(1, sizeof(*s));
    pthread_condattr_t monotonic;

    if (s == NULL)
        return NULL;
    s->config = *config;
    s->service.vault = vault;
    s->fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (make_shared(s) == 0 && put_in_force(s, config) == 0)
        return s;
    free_server(s);
    return NULL;
}

struct server *server_start(const struct config *config, struct vault *vault, int fd, char *why,
                            size_t why_size)
{
    struct server *s = new_server(config, vault);

    snprintf(why, why_size, "out of memory");
    if (s == NULL) {
        close(fd);
        listen_remove(&config->listen);
        return NULL;
    }
    s->fd = fd;
    if (load_certificate(s, config, why, why_size) != 0)
        goto fail;
    snprintf(why, why_size, "the HTTP server's threads cannot be started");
    s->timer_runs = pthread_create(&s->timer, NULL, run_timer, s) == 0;
    if (s->timer_runs && start_serving(s) == 0)
        return s;
fail:
    stop_serving(s);
    stop_timer(s);
    free_server(s);
    return NULL;
}

int server_serve_metrics(struct server *s, int fd, char *why, size_t why_size)
{
    if (fd < 0)
        return 0;
    s->metrics = listener_start(&s->service, fd);
    if (s->metrics != NULL)
        return 0;
    snprintf(why, why_size, "the metrics cannot be served");
    return -1;
}

void server_metrics_address(const struct server *s, char *out, size_t size)
{
    listener_address(s->metrics, out, size);
}

void server_address(struct server *s, char *out, size_t size)
{
    struct netaddr_listen listen = s->config.listen;
    socklen_t len = sizeof(listen.address);

    if (listen.path == NULL)
        (void)getsockname(s->fd, (struct sockaddr *)(void *)&listen.address, &len);
    netaddr_text(&listen, out, size);
}

static bool are_idle(const struct server *s)
{
    for (unsigned i = 0; i < s->loop_count; i++)
        if (!loop_is_idle(s->loops[i]))
            return false;
    return true;
}

/* Until every connection is closed: after its answer, or once it is idle and nothing of it is on
   its way; in the end all but those that the vault works for. These are waited for however long
   that takes, since libmicrohttpd must not be stopped while a request is suspended, nor a loop
   while the vault has a job of it. */
static void wait_for_connections(struct server *s)
{
    const int64_t until_us = clock_monotonic_us() + SERVER_DRAIN_MS * INT64_C(1000);
    const struct timespec pause = {.tv_nsec = 5000000};

    while (!are_idle(s)) {
        (void)connections_end(s->service.connections, clock_monotonic_ms(),
                              clock_monotonic_us() >= until_us);
        longpoll_wake(s->service.longpolls, 0, true);
        nanosleep(&pause, NULL);
    }
}

void server_drain(struct server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->service.draining, true);
    acceptor_close(s->acceptor);
    s->acceptor = NULL;
    shutdown(s->fd, SHUT_RDWR); /* who comes now is refused, and does not wait in the backlog */
    wait_for_connections(s);
    stop_timer(s);
    stop_serving(s);
    free_server(s);
}

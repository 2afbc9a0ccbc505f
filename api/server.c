#include "api/server.h"

#include "api/base/log.h"
#include "api/handler.h"
#include "api/http/longpoll.h"
#include "api/metrics/metrics.h"
#include "api/net/acceptor.h"
#include "api/net/connections.h"
#include "api/net/listen.h"
#include "api/net/loop.h"
#include "api/net/tls.h"
#include "api/policy/client_counts.h"
#include "api/policy/limits.h"

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

enum { PROBE_GOOD_US = 1000000, SPARE_FILES = 64 };

/* What can change while it serves. Those that were replaced stay until the end: a request may hold
   one. */
struct live {
    struct live *older;
    struct config_limits limits;
    struct config_proxies proxies;
    bool submissions_open;
    struct log log;
};

struct server {
    struct config config;
    _Atomic(struct live *) live;
    struct tls *tls; /* NULL: no TLS */
    struct client_counts *connection_tally, *wait_tally;
    struct vault *vault;
    int fd; /* it listens; -1: not */
    struct acceptor *door;
    struct loop *loops[CONFIG_THREADS_MAX];
    unsigned loop_count;
    struct connections *connections;
    struct longpolls *waits;
    struct metrics *metrics;
    struct rate_limit *quota;
    atomic_uint_least64_t number;
    atomic_bool draining;
    atomic_int_least64_t probed; /* when, in microseconds, times 2, plus whether ready; 0: never */

    pthread_t timer;
    bool timer_runs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending; /* the timer's end */
};

/* Makes a configuration's changeable part the one in force. Returns 0 or -1. */
static int put_in_force(struct server *s, const struct config *config)
{
    struct live *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return -1;
    l->limits = config->limits;
    l->proxies = config->proxies;
    l->submissions_open = config->submissions_open;
    l->log = config->log;
    l->older = atomic_load(&s->live);
    atomic_store(&s->live, l);
    return 0;
}

int64_t server_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct vault *server_vault(const struct server *s)
{
    return s->vault;
}

struct longpolls *server_waits(const struct server *s)
{
    return s->waits;
}

const struct config_limits *server_limits(const struct server *s)
{
    return &atomic_load(&s->live)->limits;
}

struct client_counts *server_connection_tally(const struct server *s)
{
    return s->connection_tally;
}

struct client_counts *server_wait_tally(const struct server *s)
{
    return s->wait_tally;
}

bool server_speaks_tls(const struct server *s)
{
    return s->tls != NULL;
}

bool server_wants_https(const struct server *s)
{
    static const char https[] = "https://";

    return s->tls != NULL || (s->config.base_url != NULL &&
                              strncmp(s->config.base_url, https, sizeof(https) - 1) == 0);
}

struct rate_limit *server_quota(const struct server *s)
{
    return s->quota;
}

const struct config_proxies *server_proxies(const struct server *s)
{
    return &atomic_load(&s->live)->proxies;
}

size_t server_envelope_max(const struct server *s)
{
    return s->config.envelope_max;
}

bool server_submissions_open(const struct server *s)
{
    return atomic_load(&s->live)->submissions_open;
}

int64_t server_request_deadline_ms(const struct server *s)
{
    return (int64_t)s->config.request_deadline_s * 1000;
}

const struct log *server_log(const struct server *s)
{
    return &atomic_load(&s->live)->log;
}

bool server_is_draining(struct server *s)
{
    return atomic_load(&s->draining);
}

struct metrics *server_metrics(const struct server *s)
{
    return s->metrics;
}

struct connections *server_open_connections(const struct server *s)
{
    return s->connections;
}

unsigned server_connections(const struct server *s)
{
    return connections_count(s->connections);
}

uint64_t server_next_number(struct server *s)
{
    return atomic_fetch_add(&s->number, 1);
}

bool server_probed(struct server *s, bool *ready)
{
    const int64_t probed = atomic_load(&s->probed);

    *ready = probed & 1;
    return probed != 0 && server_now_us() - (probed >> 1) < PROBE_GOOD_US;
}

void server_keep_probe(struct server *s, bool ready)
{
    atomic_store(&s->probed, server_now_us() * 2 + ready);
}

static void *run_timer(void *arg)
{
    struct server *s = arg;
    unsigned cut;

    pthread_mutex_lock(&s->lock);
    while (!s->ending) {
        const int64_t until_us = server_now_us() + SERVER_TICK_MS * 1000;
        const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                       .tv_nsec = (long)(until_us % 1000000) * 1000};

        pthread_mutex_unlock(&s->lock);
        longpoll_wake(s->waits, server_now_us() / 1000, false);
        cut = connections_expire(s->connections, server_now_us() / 1000);
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
    struct server *s = connection != NULL ? connections_server(connection) : NULL;

    (void)info;
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = 0;
    return s != NULL && s->tls != NULL ? tls_pair(s->tls, certs, count, key) : -1;
}

/* A daemon that the loop drives. It neither listens nor has a thread. */
static struct MHD_Daemon *start_daemon(struct server *s, struct loop *loop)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                           MHD_USE_ERROR_LOG | (s->tls != NULL ? MHD_USE_TLS : 0U);
    struct MHD_OptionItem more[3];
    size_t count = 0;

    if (s->tls != NULL) {
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                                (void *)(uintptr_t)TLS_PRIORITIES};
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK2, 0,
                                                (void *)(uintptr_t)retrieve_pair};
    }
    more[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handler_request, loop, MHD_OPTION_EXTERNAL_LOGGER, log_library, s,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
        handler_target, loop, MHD_OPTION_NOTIFY_COMPLETED, handler_completed, loop,
        MHD_OPTION_NOTIFY_CONNECTION, loop_notify, loop, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

/* Starts the loops, and at the end opens the door to them. Returns 0 or -1. */
static int start_serving(struct server *s)
{
    while (s->loop_count < s->config.threads) {
        struct loop *loop = loop_new(s);
        struct MHD_Daemon *daemon = loop != NULL ? start_daemon(s, loop) : NULL;

        if (loop != NULL)
            s->loops[s->loop_count++] = loop;
        if (daemon == NULL || loop_start(loop, daemon) != 0)
            return -1;
    }
    s->door = acceptor_open(s->fd, s->loops, s->loop_count, connection_limit());
    return s->door != NULL ? 0 : -1;
}

static void stop_serving(struct server *s)
{
    acceptor_close(s->door);
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
    if (s->tls == NULL)
        s->tls = tls_new();
    if (s->tls == NULL ||
        tls_load(s->tls, config->tls_cert, config->tls_key, &config->log, why, why_size) != 0)
        return -1;
    metrics_certificate(s->metrics, tls_expires_at(s->tls));
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
    struct live *l = atomic_load(&s->live);

    metrics_free(s->metrics);
    rate_limit_free(s->quota);
    tls_free(s->tls);
    client_counts_free(s->connection_tally);
    client_counts_free(s->wait_tally);
    while (l != NULL) {
        struct live *older = l->older;

        free(l);
        l = older;
    }
    longpoll_free(s->waits);
    connections_free(s->connections);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct server *new_server(const struct config *config, struct vault *vault)
{
    struct server *s = calloc(1, sizeof(*s));
    pthread_condattr_t monotonic;

    if (s == NULL)
        return NULL;
    s->config = *config;
    s->vault = vault;
    s->fd = -1;
    atomic_init(&s->number, ((uint64_t)randombytes_random() << 16) + 1);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->connections = connections_new();
    s->waits = longpoll_new(vault);
    s->metrics = metrics_new(vault);
    s->quota = rate_limit_new(LIMITS_CLIENTS);
    s->connection_tally = client_counts_new();
    s->wait_tally = client_counts_new();
    if (s->connections != NULL && s->waits != NULL && s->metrics != NULL && s->quota != NULL &&
        s->connection_tally != NULL && s->wait_tally != NULL && put_in_force(s, config) == 0) {
        connections_serve(s->connections, s);
        return s;
    }
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

void server_address(struct server *s, char *out, size_t size)
{
    struct config_listen listen = s->config.listen;
    socklen_t len = sizeof(listen.address);

    if (listen.path == NULL)
        (void)getsockname(s->fd, (struct sockaddr *)(void *)&listen.address, &len);
    config_listen_text(&listen, out, size);
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
    const int64_t until_us = server_now_us() + SERVER_DRAIN_MS * INT64_C(1000);
    const struct timespec pause = {.tv_nsec = 5000000};

    while (!are_idle(s)) {
        (void)connections_end(s->connections, server_now_us() / 1000, server_now_us() >= until_us);
        longpoll_wake(s->waits, 0, true);
        nanosleep(&pause, NULL);
    }
}

void server_drain(struct server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->draining, true);
    acceptor_close(s->door);
    s->door = NULL;
    shutdown(s->fd, SHUT_RDWR); /* who comes now is refused, and does not wait in the backlog */
    wait_for_connections(s);
    stop_timer(s);
    stop_serving(s);
    free_server(s);
}

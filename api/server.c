#include "api/server.h"

#include "api/connections.h"
#include "api/handler.h"
#include "api/log.h"
#include "api/waits.h"

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

enum { PROBE_GOOD_US = 1000000, BACKLOG = 1024, SPARE_FILES = 64 };

struct server {
    struct config config;
    struct vault *vault;
    struct MHD_Daemon *daemon;
    struct connections *connections;
    struct waits *waits;
    atomic_uint_least64_t number;
    atomic_bool draining;
    atomic_int_least64_t probed; /* when, in microseconds, times 2, plus whether ready; 0: never */

    pthread_t timer;
    bool timer_runs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending; /* the timer's end */
};

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

struct waits *server_waits(const struct server *s)
{
    return s->waits;
}

const struct config_limits *server_limits(const struct server *s)
{
    return &s->config.limits;
}

size_t server_envelope_max(const struct server *s)
{
    return s->config.envelope_max;
}

bool server_submissions_open(const struct server *s)
{
    return s->config.submissions_open;
}

int64_t server_request_deadline_ms(const struct server *s)
{
    return (int64_t)s->config.request_deadline_s * 1000;
}

const struct log *server_log(const struct server *s)
{
    return &s->config.log;
}

bool server_is_draining(struct server *s)
{
    return atomic_load(&s->draining);
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
        waits_wake(s->waits, server_now_us() / 1000, false);
        cut = connections_expire(s->connections, server_now_us() / 1000);
        if (cut > 0)
            log_note(&s->config.log, LOG_LEVEL_INFO, "connections were shut down at their deadline",
                     cut);
        pthread_mutex_lock(&s->lock);
        while (!s->ending && pthread_cond_timedwait(&s->changed, &s->lock, &until) != ETIMEDOUT)
            ;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* libmicrohttpd's own words may repeat a client's: only the fact is noted. */
static void log_library(void *ctx, const char *format, va_list arguments)
{
    const struct server *s = ctx;

    (void)format;
    (void)arguments;
    log_note(&s->config.log, LOG_LEVEL_DEBUG, "libmicrohttpd reports a fault of a connection", 0);
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

/* Opens the listening socket; -1 with errno. */
static int listen_at(const struct sockaddr_storage *address)
{
    const socklen_t len =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    const int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
        bind(fd, (const struct sockaddr *)(const void *)address, len) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

static struct MHD_Daemon *start_daemon(struct server *s, int fd)
{
    const struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, s->config.threads, NULL},
                                          {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        handler_request, s, MHD_OPTION_EXTERNAL_LOGGER, log_library, s, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)SERVER_POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK, handler_target, s,
        MHD_OPTION_NOTIFY_COMPLETED, handler_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
        connections_notify, s->connections, MHD_OPTION_ARRAY, s->config.threads > 1 ? pool : none,
        MHD_OPTION_END);
}

static void free_server(struct server *s)
{
    waits_free(s->waits);
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
    atomic_init(&s->number, ((uint64_t)randombytes_random() << 16) + 1);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->connections = connections_new();
    s->waits = waits_new(vault);
    if (s->connections != NULL && s->waits != NULL)
        return s;
    free_server(s);
    return NULL;
}

struct server *server_start(const struct config *config, struct vault *vault, char *why,
                            size_t why_size)
{
    struct server *s = new_server(config, vault);
    char address[80];
    int fd;

    snprintf(why, why_size, "out of memory");
    if (s == NULL)
        return NULL;
    fd = listen_at(&config->listen.address);
    if (fd < 0) {
        config_listen_text(&config->listen, address, sizeof(address));
        snprintf(why, why_size, "cannot listen at %s: %s; name another --listen", address,
                 strerror(errno));
        goto fail;
    }
    s->daemon = start_daemon(s, fd);
    if (s->daemon == NULL) {
        snprintf(why, why_size, "the HTTP server cannot be started");
        close(fd);
        goto fail;
    }
    s->timer_runs = pthread_create(&s->timer, NULL, run_timer, s) == 0;
    if (s->timer_runs)
        return s;
    snprintf(why, why_size, "a thread cannot be started");
    MHD_stop_daemon(s->daemon);
fail:
    free_server(s);
    return NULL;
}

void server_address(struct server *s, char *out, size_t size)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_LISTEN_FD);
    struct config_listen listen = s->config.listen;
    socklen_t len = sizeof(listen.address);

    if (info != NULL)
        (void)getsockname(info->listen_fd, (struct sockaddr *)(void *)&listen.address, &len);
    config_listen_text(&listen, out, size);
}

/* Until every connection is closed: after its answer, or once it is idle and nothing of it is on
   its way; in the end all but those that the vault works for. These are waited for however long
   that takes, since libmicrohttpd must not be stopped while a request is suspended. */
static void wait_for_connections(struct server *s)
{
    const int64_t until_us = server_now_us() + SERVER_DRAIN_MS * INT64_C(1000);
    const struct timespec pause = {.tv_nsec = 5000000};

    while (connections_end(s->connections, server_now_us() / 1000, server_now_us() >= until_us) >
           0) {
        waits_wake(s->waits, 0, true);
        nanosleep(&pause, NULL);
    }
}

void server_drain(struct server *s)
{
    MHD_socket fd;

    if (s == NULL)
        return;
    atomic_store(&s->draining, true);
    fd = MHD_quiesce_daemon(s->daemon);
    if (fd != MHD_INVALID_SOCKET)
        shutdown(fd, SHUT_RDWR); /* who comes now is refused, and does not wait in the backlog */
    wait_for_connections(s);
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->timer, NULL);
    MHD_stop_daemon(s->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    free_server(s);
}

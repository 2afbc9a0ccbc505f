#include "api/metrics/metrics.h"

#include "api/http/longpoll.h"
#include "api/http/problem.h"
#include "api/metrics/prometheus.h"
#include "api/net/listen.h"
#include "api/server.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/encoding/text.h"
#include "vault/vault.h"

#include <dirent.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* How a request can end: one of the problems, or one of these; the first stands for all others. */
static const unsigned successes[] = {0, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308};

/* Bounds of the durations, in microseconds: the longest long-poll is 30 s. */
static const uint64_t bounds[] = {500,     1000,    2500,    5000,     10000,
                                  25000,   50000,   100000,  250000,   500000,
                                  1000000, 2500000, 5000000, 10000000, 30000000};

enum {
    SUCCESSES = sizeof(successes) / sizeof(successes[0]),
    OUTCOMES = SUCCESSES + PROBLEM_COUNT,
    BOUNDS = sizeof(bounds) / sizeof(bounds[0]),
    POOL_BYTES = 16 * 1024,
    LABELS_MAX = 160
};

/* One row of the router's table. */
struct row {
    atomic_uint_least64_t outcome[OUTCOMES];
    atomic_uint_least64_t bucket[BOUNDS + 1];
    atomic_uint_least64_t sum_us;
};

struct metrics {
    struct vault *vault;
    struct row *rows; /* one more than the router has: requests without a route */
    int64_t started_at;
    atomic_int_least64_t certificate; /* -1: there is none */
    const struct server *server;      /* these from metrics_listen on */
    const struct config *config;
    struct MHD_Daemon *daemon;
};

struct metrics *metrics_new(struct vault *vault)
{
    struct metrics *m = calloc(1, sizeof(*m));

    if (m == NULL)
        return NULL;
    m->rows = calloc(router_table_len + 1, sizeof(m->rows[0]));
    if (m->rows == NULL) {
        free(m);
        return NULL;
    }
    m->vault = vault;
    m->started_at = (int64_t)time(NULL);
    atomic_init(&m->certificate, -1);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    if (m->daemon != NULL)
        MHD_stop_daemon(m->daemon);
    if (m->config != NULL)
        listen_remove(&m->config->metrics);
    free(m->rows);
    free(m);
}

/* ---- counting ---- */

static size_t outcome_of(unsigned status, const char *code)
{
    if (code != NULL)
        for (size_t i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++)
            if (strcmp(code, problem_name((enum problem_code)i)) == 0)
                return SUCCESSES + i;
    for (size_t i = 1; i < SUCCESSES; i++)
        if (status == successes[i])
            return i;
    return 0;
}

void metrics_count(struct metrics *m, const struct route *route, unsigned status, const char *code,
                   int64_t microseconds)
{
    struct row *row = &m->rows[route != NULL ? (size_t)(route - router_table) : router_table_len];
    const uint64_t us = microseconds > 0 ? (uint64_t)microseconds : 0;
    size_t bucket = 0;

    while (bucket < BOUNDS && us > bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&row->outcome[outcome_of(status, code)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->bucket[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->sum_us, us, memory_order_relaxed);
}

void metrics_certificate(struct metrics *m, int64_t expires_at)
{
    atomic_store(&m->certificate, expires_at);
}

/* ---- the page ---- */

static const char *method_of(size_t row)
{
    return row < router_table_len ? router_table[row].method : "none";
}

static const char *pattern_of(size_t row)
{
    return row < router_table_len ? router_table[row].pattern : "none";
}

static void put_outcome(struct text *t, size_t row, size_t outcome, uint64_t count)
{
    const bool success = outcome < SUCCESSES;
    const enum problem_code code =
        success ? PROBLEM_NONE : (enum problem_code)(outcome - SUCCESSES);
    const unsigned status_number = success ? successes[outcome] : problem_status(code);
    char labels[LABELS_MAX], status[16] = "other";

    if (count == 0)
        return;
    if (status_number != 0)
        snprintf(status, sizeof(status), "%u", status_number);
    snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\",status=\"%s\",code=\"%s\"",
             method_of(row), pattern_of(row), status, success ? "" : problem_name(code));
    prometheus_sample(t, "handoff_requests_total", labels, count);
}

static void put_durations(struct text *t, const struct row *row, size_t index)
{
    uint64_t bucket[BOUNDS + 1];
    const struct prometheus_histogram h = {
        .bucket = bucket, .bounds = bounds, .count = BOUNDS, .sum = atomic_load(&row->sum_us)};
    char labels[LABELS_MAX];

    for (size_t i = 0; i <= BOUNDS; i++)
        bucket[i] = atomic_load(&row->bucket[i]);
    snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\"", method_of(index),
             pattern_of(index));
    prometheus_histogram(t, "handoff_request_seconds", labels, &h);
}

static void put_requests(struct text *t, struct metrics *m)
{
    prometheus_family(t, "handoff_requests_total", "counter",
                      "Requests that were answered, by call, status and problem code.");
    for (size_t row = 0; row <= router_table_len; row++)
        for (size_t i = 0; i < OUTCOMES; i++)
            put_outcome(t, row, i, atomic_load(&m->rows[row].outcome[i]));
    prometheus_family(t, "handoff_request_seconds", "histogram",
                      "From the request line until the answer was sent; long-polls wait on "
                      "purpose.");
    for (size_t row = 0; row <= router_table_len; row++)
        put_durations(t, &m->rows[row], row);
}

/* The second number of /proc/self/statm is in pages. */
static int64_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long long pages = -1;

    if (f == NULL)
        return -1;
    if (fscanf(f, "%*s %lld", &pages) != 1)
        pages = -1;
    fclose(f);
    return pages >= 0 ? pages * sysconf(_SC_PAGESIZE) : -1;
}

static int64_t open_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    int64_t count = -1; /* opendir's own is not counted */

    if (files == NULL)
        return -1;
    for (const struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files))
        count += entry->d_name[0] != '.';
    closedir(files);
    return count;
}

static void look_around(const struct metrics *m, struct prometheus_now *now)
{
    struct statvfs fs;
    struct rlimit files;

    now->memory_locked = secret_all_locked();
    now->resident_bytes = resident_bytes();
    now->open_files = open_files();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        now->files_max = (int64_t)files.rlim_cur;
    now->started_at = m->started_at;
    now->certificate_expires_at = atomic_load(&m->certificate);
    if (m->config != NULL && statvfs(m->config->data, &fs) == 0) {
        now->data_free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
        now->data_bytes = (int64_t)(fs.f_blocks * fs.f_frsize);
    }
    if (m->server != NULL) {
        now->connections = server_connections(m->server);
        now->waits = longpoll_count(server_waits(m->server));
    }
}

size_t metrics_page(struct metrics *m, char *page, size_t size)
{
    struct text t = text_into(page, size);
    struct prometheus_now now = {
        .connections = -1, .waits = -1, .data_free_bytes = -1, .data_bytes = -1, .files_max = -1};
    struct vault_stats stats;

    now.readable = vault_stats(m->vault, &stats) == 0;
    look_around(m, &now);
    put_requests(&t, m);
    if (now.readable)
        prometheus_vault(&t, &stats);
    prometheus_now(&t, &now);
    return t.overflow ? 0 : t.len;
}

/* ---- the server ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              struct MHD_Response *response, const char *type, const char *allow)
{
    enum MHD_Result result = MHD_NO;

    if (response == NULL)
        return MHD_NO;
    if (MHD_add_response_header(response, "Content-Type", type) == MHD_YES &&
        MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
        (allow == NULL || MHD_add_response_header(response, "Allow", allow) == MHD_YES))
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *words,
                              const char *allow)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(words), (char *)(uintptr_t)words, MHD_RESPMEM_PERSISTENT);

    return answer(connection, status, response, "text/plain; charset=utf-8", allow);
}

static enum MHD_Result send_page(struct metrics *m, struct MHD_Connection *connection)
{
    char *page = malloc(METRICS_PAGE_MAX);
    size_t len;
    struct MHD_Response *response;

    if (page == NULL)
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n", NULL);
    len = metrics_page(m, page, METRICS_PAGE_MAX);
    response = len > 0 ? MHD_create_response_from_buffer(len, page, MHD_RESPMEM_MUST_FREE) : NULL;
    if (response == NULL) {
        free(page);
        return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the page does not fit\n", NULL);
    }
    return answer(connection, MHD_HTTP_OK, response, "text/plain; version=0.0.4; charset=utf-8",
                  NULL);
}

static enum MHD_Result serve(void *ctx, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_len, void **request)
{
    (void)version;
    (void)upload;
    (void)upload_len;
    if (*request == NULL) { /* the header is there: an answer now would close the connection */
        *request = ctx;
        if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
            return MHD_YES;
    }
    if (strcmp(url, "/metrics") != 0)
        return refuse(connection, MHD_HTTP_NOT_FOUND, "see /metrics\n", NULL);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n", "GET, HEAD");
    return send_page(ctx, connection);
}

int metrics_listen(struct metrics *m, const struct server *server, const struct config *config,
                   int fd, char *why, size_t why_size)
{
    m->server = server;
    if (fd < 0)
        return 0;
    m->config = config;
    m->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, serve, m,
                                 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)METRICS_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)METRICS_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)POOL_BYTES, MHD_OPTION_END);
    if (m->daemon != NULL)
        return 0;
    close(fd);
    snprintf(why, why_size, "the metrics cannot be served");
    return -1;
}

void metrics_address(const struct metrics *m, char *out, size_t size)
{
    const union MHD_DaemonInfo *info;
    struct config_listen listen;
    socklen_t len = sizeof(listen.address);

    out[0] = '\0';
    if (m->daemon == NULL)
        return;
    listen = m->config->metrics;
    info = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_LISTEN_FD);
    if (info != NULL && listen.path == NULL)
        (void)getsockname(info->listen_fd, (struct sockaddr *)(void *)&listen.address, &len);
    config_listen_text(&listen, out, size);
}

/*
 * Goal: no connection outlives its deadline however it drips, who is late is told so in a whole
 * answer, work is never cut, and an ending service drops nobody whose request is on its way. Time
 * is given, not slept.
 */
#include "api/http/reply.h"
#include "api/net/connections.h"
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READING_MS = 5000, PATIENCE_MS = 10000 };

static const uint64_t number = UINT64_C(281474976710656); /* of the request */

/* What the handler does with a request: it stays in this phase until it is let go. */
enum stay { STAY_READING, STAY_WORKING, STAY_NOWHERE };

struct fixture {
    struct connections *connections;
    struct MHD_Daemon *daemon;
    enum stay stay;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct MHD_Connection *held; /* suspended in its phase */
    bool passed;                 /* the phase was entered */
    int client;
};

static enum MHD_Result reply(struct fixture *f, struct MHD_Connection *connection)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    (void)f;
    connections_sending(connection);
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **seen)
{
    struct fixture *f = ctx;
    bool held;

    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (*upload_len > 0) {
        *upload_len = 0;
        return MHD_YES;
    }
    if (*seen == NULL) {
        *seen = f;
        connections_reading(connection, READING_MS, number);
        return MHD_YES;
    }
    pthread_mutex_lock(&f->lock);
    held = f->held == NULL && !f->passed && f->stay != STAY_NOWHERE;
    if (held && f->stay == STAY_WORKING && !connections_working(connection))
        held = false;
    if (held) {
        MHD_suspend_connection(connection);
        f->held = connection;
        f->passed = true;
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
    return held ? MHD_YES : reply(f, connection);
}

static void completed(void *ctx, struct MHD_Connection *connection, void **seen,
                      enum MHD_RequestTerminationCode code)
{
    (void)ctx;
    (void)seen;
    (void)code;
    connections_idle(connection);
}

static void start(struct fixture *f, enum stay stay)
{
    static const struct connections_hooks hooks = {.too_late = reply_too_late};
    struct sockaddr_in address = {.sin_family = AF_INET};
    const union MHD_DaemonInfo *info;

    memset(f, 0, sizeof(*f));
    f->stay = stay;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->connections = connections_new(&hooks);
    assert_non_null(f->connections);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                                 NULL, handle, f, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                                 MHD_OPTION_NOTIFY_CONNECTION, connections_notify, f->connections,
                                 MHD_OPTION_NOTIFY_COMPLETED, completed, f, MHD_OPTION_END);
    assert_non_null(f->daemon);
    info = MHD_get_daemon_info(f->daemon, MHD_DAEMON_INFO_BIND_PORT);
    address.sin_port = htons(info->port);
    f->client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(f->client, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void finish(struct fixture *f)
{
    close(f->client);
    MHD_stop_daemon(f->daemon);
    assert_int_equal(connections_end(f->connections, 0, false), 0);
    connections_free(f->connections);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
}

static void say(struct fixture *f, const char *words)
{
    assert_int_equal(send(f->client, words, strlen(words), MSG_NOSIGNAL), strlen(words));
}

/* Waits for the handler to have entered its phase. */
static void await_hold(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->held == NULL)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void let_go(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    MHD_resume_connection(f->held);
    f->held = NULL;
    pthread_mutex_unlock(&f->lock);
}

/* Reads up to the connection's end; what came is in out, with NUL. */
static void hear_all(struct fixture *f, char *out, size_t size)
{
    struct pollfd p = {.fd = f->client, .events = POLLIN};
    size_t len = 0;
    ssize_t got;

    do {
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        got = recv(f->client, out + len, size - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    out[len] = '\0';
}

/* Reads the head of an answer that has no body. */
static void hear_head(struct fixture *f, char *out, size_t size)
{
    struct pollfd p = {.fd = f->client, .events = POLLIN};
    size_t len = 0;

    do {
        ssize_t got;

        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        got = recv(f->client, out + len, size - 1 - len, 0);
        assert_true(got > 0);
        len += (size_t)got;
        out[len] = '\0';
    } while (strstr(out, "\r\n\r\n") == NULL);
}

static int64_t in_ms(int64_t ms)
{
    return clock_monotonic_ms() + ms;
}

/* The daemon registers a connection a moment after it was made: asks until one was cut. */
static void expire_one(struct fixture *f, int64_t ahead_ms)
{
    const int64_t until = in_ms(PATIENCE_MS);
    unsigned cut = 0;

    while (cut == 0 && in_ms(0) < until)
        cut = connections_expire(f->connections, in_ms(ahead_ms));
    assert_int_equal(cut, 1);
}

static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

static void test_silence_is_cut_without_a_word(void **state)
{
    struct fixture f;
    char heard[64];

    (void)state;
    start(&f, STAY_NOWHERE);
    assert_int_equal(connections_expire(f.connections, in_ms(CONNECTIONS_IDLE_MS - 1000)), 0);
    expire_one(&f, CONNECTIONS_IDLE_MS + 1);
    hear_all(&f, heard, sizeof(heard));
    assert_string_equal(heard, "");
    finish(&f);
}

static void test_who_is_late_hears_a_whole_answer(void **state)
{
    static const char *const wanted[] = {
        "Cache-Control: no-store\r\n",       "X-Content-Type-Options: nosniff\r\n",
        "Referrer-Policy: no-referrer\r\n",  "frame-ancestors 'none'\r\n",
        "X-Request-Id: 281474976710656\r\n", "Content-Type: application/problem+json\r\n"};
    struct fixture f;
    char heard[2048], *body, *length;

    (void)state;
    start(&f, STAY_READING);
    say(&f, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
    await_hold(&f);
    assert_int_equal(connections_expire(f.connections, in_ms(READING_MS - 1000)), 0);
    assert_int_equal(connections_expire(f.connections, in_ms(READING_MS + 1)), 1);
    assert_int_equal(connections_expire(f.connections, in_ms(READING_MS + 1)), 0);
    let_go(&f);
    hear_all(&f, heard, sizeof(heard));
    assert_memory_equal(heard, "HTTP/1.1 408 ", strlen("HTTP/1.1 408 "));
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        assert_non_null(strstr(heard, wanted[i]));
    body = strstr(heard, "\r\n\r\n");
    length = strstr(heard, "Content-Length: ");
    assert_non_null(body);
    assert_non_null(length);
    assert_int_equal(strtol(length + strlen("Content-Length: "), NULL, 10), strlen(body + 4));
    assert_non_null(strstr(body, "\"code\":\"deadline\""));
    finish(&f);
}

static void test_work_is_never_cut(void **state)
{
    struct fixture f;
    char heard[1024];

    (void)state;
    start(&f, STAY_WORKING);
    say(&f, request);
    await_hold(&f);
    assert_int_equal(connections_expire(f.connections, in_ms(3600000)), 0);
    assert_int_equal(connections_end(f.connections, in_ms(3600000), true), 1);
    let_go(&f);
    hear_head(&f, heard, sizeof(heard));
    assert_memory_equal(heard, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 "));
    finish(&f);
}

static void test_an_end_spares_who_is_not_quiet(void **state)
{
    const int64_t until = in_ms(PATIENCE_MS);
    struct fixture f;
    char heard[1024];

    (void)state;
    start(&f, STAY_NOWHERE);
    say(&f, request);
    hear_head(&f, heard, sizeof(heard));
    /* Just answered: not yet quiet, so that its next request would still be heard. */
    assert_int_equal(connections_end(f.connections, in_ms(0), false), 1);
    say(&f, request);
    hear_head(&f, heard, sizeof(heard));
    while (connections_end(f.connections, in_ms(CONNECTIONS_QUIET_MS), false) > 0)
        assert_true(in_ms(0) < until);
    hear_all(&f, heard, sizeof(heard));
    assert_string_equal(heard, "");
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_is_cut_without_a_word),
        cmocka_unit_test(test_who_is_late_hears_a_whole_answer),
        cmocka_unit_test(test_work_is_never_cut),
        cmocka_unit_test(test_an_end_spares_who_is_not_quiet),
    };

    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}

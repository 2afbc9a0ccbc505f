#include "tests/bench/client.h"

#include "tests/bench/judge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENT_HEADER_MAX = 4096, CLIENT_EVENTS = 64, CLIENT_STALL_MS = 30000 };

struct connection {
    int fd; /* -1: closed */
    size_t handoff;
    enum prepare_step step;
    size_t sent;     /* bytes of the present request */
    bool waiting;    /* for room to send the rest */
    char *in;        /* what came of the answer */
    size_t received; /* bytes in it */
    uint64_t sent_ns;
};

struct client {
    const struct client_plan *plan;
    struct client_result *result;
    struct connection *connections;
    unsigned count, open;
    size_t in_size;
    size_t next; /* the next handoff of this thread */
    int epoll;
};

/* An answer that is complete in a connection's buffer. */
struct answer {
    struct judge_answer judged;
    size_t whole; /* bytes, header and body */
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void complain(struct client *c, const char *what)
{
    if (c->result->wrong + c->result->broken == 0)
        fprintf(stderr, "load: %s\n", what);
}

static void hang_up(struct client *c, struct connection *n)
{
    if (n->fd < 0)
        return;
    close(n->fd);
    n->fd = -1;
    c->open--;
}

static void broken(struct client *c, struct connection *n, const char *what)
{
    complain(c, what);
    c->result->broken++;
    hang_up(c, n);
}

static bool watch(struct client *c, struct connection *n, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = n};

    return epoll_ctl(c->epoll, op, n->fd, &e) == 0;
}

/* Sends what is left of the request; nearly always all at once. */
static void send_rest(struct client *c, struct connection *n)
{
    const struct prepare_span request = prepare_request(c->plan->set, n->handoff, n->step);

    while (n->sent < request.len) {
        const ssize_t done =
            send(n->fd, request.data + n->sent, request.len - n->sent, MSG_NOSIGNAL);
        if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!n->waiting && !watch(c, n, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT))
                broken(c, n, "epoll failed");
            n->waiting = true;
            return;
        }
        if (done < 0) {
            broken(c, n, "sending failed");
            return;
        }
        n->sent += (size_t)done;
    }
    if (n->waiting && !watch(c, n, EPOLL_CTL_MOD, EPOLLIN))
        broken(c, n, "epoll failed");
    n->waiting = false;
}

static void begin_request(struct client *c, struct connection *n, enum prepare_step step)
{
    n->step = step;
    n->sent = 0;
    n->received = 0;
    n->sent_ns = now_ns();
    send_rest(c, n);
}

/* Takes the next handoff, or hangs up when there is none. */
static void begin_handoff(struct client *c, struct connection *n)
{
    if (c->next >= prepare_count(c->plan->set)) {
        if (!c->plan->bare) {
            c->result->exhausted = c->plan->limit_ns > 0;
            hang_up(c, n);
            return;
        }
        c->next %= c->plan->threads;
    }
    n->handoff = c->next;
    c->next += c->plan->threads;
    begin_request(c, n, PREPARE_PUT);
}

/* The value of Content-Length in a header of len bytes, or -1. */
static long content_length(const char *header, size_t len)
{
    static const char name[] = "content-length:";
    const char *const end = header + len;

    for (const char *line = header; line < end;) {
        const char *const next = memchr(line, '\n', (size_t)(end - line));
        if ((size_t)(end - line) > sizeof(name) - 1 &&
            strncasecmp(line, name, sizeof(name) - 1) == 0) {
            long value = 0;
            const char *digit = line + sizeof(name) - 1;
            while (digit < end && *digit == ' ')
                digit++;
            for (; digit < end && *digit >= '0' && *digit <= '9' && value < 1 << 24; digit++)
                value = value * 10 + (*digit - '0');
            return value;
        }
        if (next == NULL)
            break;
        line = next + 1;
    }
    return -1;
}

/* Returns 1 with a complete answer, 0 when more must come, -1 when it cannot be understood. */
static int read_answer(const struct client *c, const struct connection *n, struct answer *out)
{
    const char *const end = memmem(n->in, n->received, "\r\n\r\n", 4);
    size_t header;
    long body;

    if (end == NULL)
        return n->received < CLIENT_HEADER_MAX ? 0 : -1;
    header = (size_t)(end - n->in) + 4;
    if (header < 16 || memcmp(n->in, "HTTP/1.1 ", 9) != 0)
        return -1;
    body = content_length(n->in, header);
    if (body < 0 || header + (size_t)body > c->in_size)
        return -1;
    out->whole = header + (size_t)body;
    out->judged.status = (n->in[9] - '0') * 100 + (n->in[10] - '0') * 10 + (n->in[11] - '0');
    out->judged.body = n->in + header;
    out->judged.body_len = (size_t)body;
    return n->received >= out->whole;
}

/* Judges a complete answer, counts it and goes on. */
static void finish_request(struct client *c, struct connection *n, const struct answer *answer)
{
    const struct client_plan *const p = c->plan;
    const char *wrong;

    histogram_add(&c->result->latency[n->step], now_ns() - n->sent_ns);
    c->result->answer_bytes[n->step] += answer->judged.body_len;
    wrong = p->bare ? judge_bare(p->answers[n->step], &answer->judged)
                    : judge_handoff(p->set, n->handoff, n->step, &answer->judged);
    if (wrong != NULL) {
        complain(c, wrong);
        c->result->wrong++;
        begin_handoff(c, n);
    } else if (n->step == PREPARE_OPENED) {
        c->result->handoffs++;
        begin_handoff(c, n);
    } else {
        begin_request(c, n, n->step + 1);
    }
}

static void receive(struct client *c, struct connection *n)
{
    struct answer answer;
    const ssize_t got = recv(n->fd, n->in + n->received, c->in_size - n->received, 0);

    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (got <= 0) {
        broken(c, n, got == 0 ? "the service hung up" : "receiving failed");
        return;
    }
    n->received += (size_t)got;
    switch (read_answer(c, n, &answer)) {
    case 0:
        if (n->received == c->in_size)
            broken(c, n, "an answer is too long");
        return;
    case 1:
        if (n->received == answer.whole)
            finish_request(c, n, &answer);
        else
            broken(c, n, "bytes after the answer");
        return;
    default:
        broken(c, n, "an answer is not HTTP with a Content-Length");
    }
}

static int open_connection(struct client *c, struct connection *n)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(c->plan->port)};
    const int one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    n->in = malloc(c->in_size);
    n->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (n->fd < 0)
        return -1;
    c->open++;
    if (n->in == NULL || connect(n->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        fcntl(n->fd, F_SETFL, O_NONBLOCK) != 0 || !watch(c, n, EPOLL_CTL_ADD, EPOLLIN))
        return -1;
    return 0;
}

/* The timed part. */
static void loop(struct client *c)
{
    struct epoll_event events[CLIENT_EVENTS];
    const uint64_t limit = c->plan->limit_ns;

    for (unsigned i = 0; i < c->count; i++)
        begin_handoff(c, &c->connections[i]);
    while (c->open > 0 && (limit == 0 || now_ns() - c->result->start_ns < limit)) {
        const int count = epoll_wait(c->epoll, events, CLIENT_EVENTS, CLIENT_STALL_MS);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            complain(c, "no answer came for 30 s");
            c->result->broken += c->open;
            return;
        }
        for (int i = 0; i < count; i++) {
            struct connection *const n = events[i].data.ptr;
            if (n->fd >= 0 && (events[i].events & EPOLLOUT) != 0)
                send_rest(c, n);
            if (n->fd >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
                receive(c, n);
        }
    }
}

static int client_open(struct client *c)
{
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->connections = calloc(c->count, sizeof(*c->connections));
    if (c->epoll < 0 || c->connections == NULL)
        return -1;
    for (unsigned i = 0; i < c->count; i++)
        c->connections[i].fd = -1;
    for (unsigned i = 0; i < c->count; i++)
        if (open_connection(c, &c->connections[i]) != 0)
            return -1;
    return 0;
}

static void client_close(struct client *c)
{
    for (unsigned i = 0; c->connections != NULL && i < c->count; i++) {
        hang_up(c, &c->connections[i]);
        free(c->connections[i].in);
    }
    free(c->connections);
    if (c->epoll >= 0)
        close(c->epoll);
}

int client_run(const struct client_plan *plan, unsigned number, unsigned connections,
               struct client_result *result)
{
    struct client c = {.plan = plan, .result = result, .count = connections, .next = number};
    int rc;

    c.in_size = CLIENT_HEADER_MAX + prepare_envelope(plan->set, 0).len + 1024;
    for (enum prepare_step step = PREPARE_PUT; plan->bare && step < PREPARE_STEPS; step++)
        if (c.in_size < CLIENT_HEADER_MAX + plan->answers[step])
            c.in_size = CLIENT_HEADER_MAX + plan->answers[step];
    rc = client_open(&c);
    if (rc != 0)
        fprintf(stderr, "load: cannot connect to port %u: %s\n", plan->port, strerror(errno));
    pthread_barrier_wait(plan->barrier);
    result->start_ns = now_ns();
    if (rc == 0)
        loop(&c);
    result->end_ns = now_ns();
    client_close(&c);
    return rc;
}

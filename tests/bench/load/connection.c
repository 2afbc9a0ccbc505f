#include "tests/bench/load/connection.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

enum { CONNECTION_EVENTS = 64, CONNECTION_STALL_MS = 30000 };

uint64_t connection_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void connection_complain(const struct client *c, const char *what)
{
    if (c->result->wrong + c->result->broken == 0)
        fprintf(stderr, "load: %s\n", what);
}

static bool watch(struct client *c, struct connection *n, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = n};

    return epoll_ctl(c->epoll, op, n->wire.fd, &e) == 0;
}

int connection_open(struct client *c, struct connection *n, size_t body_max)
{
    if (wire_open(&n->wire, c->plan->port, c->plan->credentials, body_max) != 0 ||
        !watch(c, n, EPOLL_CTL_ADD, EPOLLIN)) {
        wire_close(&n->wire);
        return -1;
    }
    c->open++;
    return 0;
}

void connection_close(struct client *c, struct connection *n)
{
    if (n->wire.in == NULL)
        return;
    wire_close(&n->wire);
    c->open--;
}

void connection_broken(struct client *c, struct connection *n, const char *what)
{
    connection_complain(c, what);
    c->result->broken++;
    connection_close(c, n);
}

/* Sends what is left of the request; nearly always all at once. */
static void send_rest(struct client *c, struct connection *n)
{
    while (n->sent < n->request.len) {
        const ptrdiff_t done =
            wire_send(&n->wire, n->request.data + n->sent, n->request.len - n->sent);
        if (done < 0) {
            connection_broken(c, n, "sending failed");
            return;
        }
        if (done == 0) {
            if (!n->waiting && !watch(c, n, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT))
                connection_broken(c, n, "epoll failed");
            n->waiting = true;
            return;
        }
        n->sent += (size_t)done;
    }
    if (n->waiting && !watch(c, n, EPOLL_CTL_MOD, EPOLLIN))
        connection_broken(c, n, "epoll failed");
    n->waiting = false;
}

void connection_ask(struct client *c, struct connection *n, struct prepare_span request)
{
    n->request = request;
    n->sent = 0;
    n->sent_ns = connection_now_ns();
    send_rest(c, n);
}

static void receive(struct client *c, struct connection *n)
{
    struct judge_answer answer;

    for (;;)
        switch (wire_receive(&n->wire, &answer)) {
        case WIRE_NOTHING:
            return;
        case WIRE_SOME: /* TLS may hold more that epoll knows nothing of */
            if (n->wire.tls == NULL)
                return;
            break;
        case WIRE_ANSWER:
            n->answered(c, n, &answer);
            return;
        case WIRE_ENDED:
            connection_broken(c, n, "the service hung up");
            return;
        case WIRE_FAILED:
            connection_broken(c, n, "receiving failed");
            return;
        case WIRE_GARBLED:
            connection_broken(c, n,
                              "an answer is not HTTP with a Content-Length, too long, or "
                              "with bytes behind it");
            return;
        }
}

bool connection_serve(struct client *c)
{
    struct epoll_event events[CONNECTION_EVENTS];
    const int count = epoll_wait(c->epoll, events, CONNECTION_EVENTS, CONNECTION_STALL_MS);

    if (count < 0 && errno == EINTR)
        return true;
    if (count <= 0) {
        connection_complain(c, "no answer came for 30 s");
        c->result->broken += c->open;
        return false;
    }
    for (int i = 0; i < count; i++) {
        struct connection *const n = events[i].data.ptr;
        if (n->wire.fd >= 0 && (events[i].events & EPOLLOUT) != 0)
            send_rest(c, n);
        if (n->wire.fd >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            receive(c, n);
    }
    return true;
}

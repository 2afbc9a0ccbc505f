/* A thread of the generator from inside: one request after another on each connection. */
#ifndef HANDOFF_TESTS_BENCH_LOAD_CONNECTION_H
#define HANDOFF_TESTS_BENCH_LOAD_CONNECTION_H

#include "tests/bench/load/plan.h"
#include "tests/bench/load/wire.h"

struct client;

struct connection {
    struct wire wire; /* first */
    /* Takes a whole answer to what was asked last. */
    void (*answered)(struct client *c, struct connection *n, const struct judge_answer *answer);
    size_t handoff;
    unsigned step;
    struct prepare_span request; /* the present one */
    size_t sent;                 /* bytes of it */
    bool waiting;                /* for room to send the rest */
    uint64_t sent_ns;
};

struct client {
    const struct client_plan *plan;
    struct client_result *result;
    unsigned number; /* of the thread */
    unsigned open;   /* connections */
    int epoll;

    /* The closed loop. */
    struct connection *connections;
    unsigned count;
    size_t next; /* the next handoff of this thread */

    struct held *held; /* NULL: none */
};

uint64_t connection_now_ns(void);

/* Says what is wrong, if it is the first. */
void connection_complain(const struct client *c, const char *what) __attribute__((nonnull));

/* Connects. Returns 0 or -1. */
int connection_open(struct client *c, struct connection *n, size_t body_max)
    __attribute__((nonnull, warn_unused_result));

/* A connection that is closed, or never was, is nothing. */
void connection_close(struct client *c, struct connection *n) __attribute__((nonnull));

/* Counts it as broken and closes. */
void connection_broken(struct client *c, struct connection *n, const char *what)
    __attribute__((nonnull));

/* Sends a request, whose bytes live until it is answered. */
void connection_ask(struct client *c, struct connection *n, struct prepare_span request)
    __attribute__((nonnull));

/* Waits for what happens next, and serves it. Returns false when nothing came for 30 s: then all
   that are open count as broken. */
bool connection_serve(struct client *c) __attribute__((nonnull, warn_unused_result));

#endif

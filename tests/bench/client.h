/*
 * One thread of the load generator: some connections, each in a closed loop of what its kind does
 * with each handoff (the next request leaves when the last answer was judged), over one epoll; and
 * perhaps others, on which long-polls are held meanwhile (held.h).
 */
#ifndef HANDOFF_BENCH_CLIENT_H
#define HANDOFF_BENCH_CLIENT_H

#include "tests/bench/histogram.h"
#include "tests/bench/prepare.h"

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What all threads share. */
struct client_plan {
    const struct prepare_set *set;
    const struct prepare_set *held; /* of the kind "held": one long-poll each; NULL: none */
    uint16_t port;
    gnutls_certificate_credentials_t credentials; /* NULL: no TLS */
    bool bare;
    size_t answers[PREPARE_STEPS_MAX]; /* the bare responder's body sizes */
    unsigned threads;
    uint64_t limit_ns;          /* of the timed part; 0: until the handoffs run out */
    pthread_barrier_t *barrier; /* all threads wait here, connected, before the clock runs */
};

/* What one thread did. */
struct client_result {
    struct histogram latency[PREPARE_STEPS_MAX];
    uint64_t answer_bytes[PREPARE_STEPS_MAX]; /* of bodies */
    uint64_t handoffs;                        /* finished */
    struct histogram woken;                   /* from a claim to its long-poll's answer */
    uint64_t wrong;                           /* answers that were not right */
    uint64_t broken;                          /* connections that failed */
    uint64_t start_ns, end_ns;                /* of the monotonic clock */
    bool exhausted;                           /* the handoffs ran out before the time was over */
};

/* Runs one thread's share: the handoffs number, number + threads, …. Says the first thing that went
   wrong on stderr. Returns 0, or -1 when it could not connect (the barrier has been passed then
   too). */
int client_run(const struct client_plan *plan, unsigned number, unsigned connections,
               struct client_result *result) __attribute__((nonnull, warn_unused_result));

#endif

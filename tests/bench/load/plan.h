/* What a thread of the load generator is told, and what it says in the end. */
#ifndef HANDOFF_TESTS_BENCH_LOAD_PLAN_H
#define HANDOFF_TESTS_BENCH_LOAD_PLAN_H

#include "tests/bench/load/histogram.h"
#include "tests/bench/load/prepare.h"

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

#endif

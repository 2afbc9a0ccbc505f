/*
 * One thread of the load generator: some connections, each in a closed loop of whole handoffs (put,
 * claim, opened; the next request leaves when the last answer was judged), over one epoll.
 */
#ifndef HANDOFF_BENCH_CLIENT_H
#define HANDOFF_BENCH_CLIENT_H

#include "tests/bench/histogram.h"
#include "tests/bench/prepare.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What all threads share. */
struct client_plan {
    const struct prepare_set *set;
    uint16_t port;
    bool bare;
    size_t answers[PREPARE_STEPS]; /* the bare responder's body sizes */
    unsigned threads;
    uint64_t limit_ns;          /* of the timed part; 0: until the handoffs run out */
    pthread_barrier_t *barrier; /* all threads wait here, connected, before the clock runs */
};

/* What one thread did. */
struct client_result {
    struct histogram latency[PREPARE_STEPS];
    uint64_t answer_bytes[PREPARE_STEPS]; /* of bodies */
    uint64_t handoffs;                    /* finished */
    uint64_t wrong;                       /* answers that were not right */
    uint64_t broken;                      /* connections that failed */
    uint64_t start_ns, end_ns;            /* of the monotonic clock */
    bool exhausted;                       /* the handoffs ran out before the time was over */
};

/* Runs one thread's share: the handoffs number, number + threads, …; a bare run begins anew when
   they run out. Says the first thing that went wrong on stderr. Returns 0, or -1 when it could not
   connect (the barrier has been passed then too). */
int client_run(const struct client_plan *plan, unsigned number, unsigned connections,
               struct client_result *result) __attribute__((nonnull, warn_unused_result));

#endif

/*
 * One thread of the load generator: some connections, each in a closed loop of what its kind does
 * with each handoff (the next request leaves when the last answer was judged), over one epoll; and
 * perhaps others, on which long-polls are held meanwhile (held.h).
 */
#ifndef HANDOFF_TESTS_BENCH_LOAD_CLIENT_H
#define HANDOFF_TESTS_BENCH_LOAD_CLIENT_H

#include "tests/bench/load/plan.h"

/* Runs one thread's share: the handoffs number, number + threads, …. Says the first thing that went
   wrong on stderr. Returns 0, or -1 when it could not connect (the barrier has been passed then
   too). */
int client_run(const struct client_plan *plan, unsigned number, unsigned connections,
               struct client_result *result) __attribute__((nonnull, warn_unused_result));

#endif

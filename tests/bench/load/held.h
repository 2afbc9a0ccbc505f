/*
 * Long-polls of one thread: each waits for the events of a handoff that is there, until in the end
 * these are claimed; then each must be answered, with that event, and none may be before.
 */
#ifndef HANDOFF_TESTS_BENCH_LOAD_HELD_H
#define HANDOFF_TESTS_BENCH_LOAD_HELD_H

#include "tests/bench/load/connection.h"

/* Connects, reads what there is of each handoff of the thread's share in plan->held, and sends the
   long-polls. Returns 0, or -1 when it could not. Free with held_free either way. */
int held_start(struct client *c) __attribute__((nonnull, warn_unused_result));

/* Claims each, and waits until all are answered. */
void held_release(struct client *c) __attribute__((nonnull));

void held_free(struct client *c) __attribute__((nonnull));

#endif

/* Where connections come in: one thread accepts them and hands each to the loop that has fewest. */
#ifndef HANDOFF_API_DOOR_H
#define HANDOFF_API_DOOR_H

#include "api/loop.h"

struct door;

/* Begins to accept at fd, which stays the caller's, at most limit connections at a time: who comes
   then waits, unanswered. The loops must outlive the door. Returns NULL when a thread, memory or
   descriptors are short. */
struct door *door_open(int fd, struct loop *const *loops, unsigned count, unsigned limit)
    __attribute__((nonnull, warn_unused_result));

/* Accepts those that have come, then nobody any more; frees. NULL is nothing. */
void door_close(struct door *d);

#endif

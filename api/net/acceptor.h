/* Where connections come in: one thread accepts them and hands each to the loop that has fewest. */
#ifndef HANDOFF_API_NET_ACCEPTOR_H
#define HANDOFF_API_NET_ACCEPTOR_H

#include "api/net/loop.h"

struct acceptor;

/* Begins to accept at fd, which stays the caller's, at most limit connections at a time: who comes
   then waits, unanswered. The loops must outlive the acceptor. Returns NULL when a thread, memory
   or descriptors are short. */
struct acceptor *acceptor_open(int fd, struct loop *const *loops, unsigned count, unsigned limit)
    __attribute__((nonnull, warn_unused_result));

/* Accepts those that have come, then nobody any more; frees. NULL is nothing. */
void acceptor_close(struct acceptor *a);

#endif

/* How many of a thing each client network holds now: connections, long-polls. */
#ifndef HANDOFF_API_TALLY_H
#define HANDOFF_API_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally;

struct tally *tally_new(void) __attribute__((warn_unused_result));
void tally_free(struct tally *t);

/* Counts one more, unless the network holds max already (0: no limit) or memory is short. Returns
   whether it was counted: then tally_leave must follow, once. Any thread. */
bool tally_enter(struct tally *t, const uint8_t network[16], unsigned max)
    __attribute__((nonnull, warn_unused_result));
void tally_leave(struct tally *t, const uint8_t network[16]) __attribute__((nonnull));

/* How many networks hold any. */
size_t tally_networks(struct tally *t) __attribute__((nonnull));

#endif

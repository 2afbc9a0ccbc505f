/* How many of a thing each client network holds now: connections, long-polls. */
#ifndef HANDOFF_API_POLICY_CLIENT_COUNTS_H
#define HANDOFF_API_POLICY_CLIENT_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_counts;

struct client_counts *client_counts_new(void) __attribute__((warn_unused_result));
void client_counts_free(struct client_counts *t);

/* Counts one more, unless the network holds max already (0: no limit) or memory is short. Returns
   whether it was counted: then client_counts_leave must follow, once. Any thread. */
bool client_counts_enter(struct client_counts *t, const uint8_t network[16], unsigned max)
    __attribute__((nonnull, warn_unused_result));
void client_counts_leave(struct client_counts *t, const uint8_t network[16])
    __attribute__((nonnull));

/* How many networks hold any. */
size_t client_counts_networks(struct client_counts *t) __attribute__((nonnull));

#endif

/*
 * The room of what a caller may do: how much they may call and hold (limits, by the pure counters
 * rate_limit and client_counts), and which calls a role may make (access). Here the counters are
 * applied to requests: calls a minute by address, by token, by handoff, and long-polls by address.
 * Where a limit of calls applies, the answer says how the caller stands.
 */
#ifndef HANDOFF_API_POLICY_LIMITS_H
#define HANDOFF_API_POLICY_LIMITS_H

#include "api/http/request.h"

#include <stdbool.h>
#include <stdint.h>

enum { LIMITS_CLIENTS = 65536 }; /* so many are remembered at once */

/* Charges the request to its address. Returns false when it is refused, with the reply filled. */
bool limits_address(struct request *r, unsigned cost) __attribute__((nonnull, warn_unused_result));

/* The same to a token that it shows, by the token's hash. */
bool limits_token(struct request *r, const uint8_t hash[32])
    __attribute__((nonnull, warn_unused_result));

/* Whether the handoff that it is about can take another call. Nothing is charged: a stranger who
   knows an id must not be able to shut out those that it is for. Returns false with the reply
   filled. */
bool limits_handoff(struct request *r) __attribute__((nonnull, warn_unused_result));

/* The request has proved that it holds the link or a key of the handoff: it is charged. */
void limits_handoff_proved(struct request *r) __attribute__((nonnull));

/* The same for one that the vault has answered, where its answer tells of such a proof. */
void limits_handoff_answered(struct request *r) __attribute__((nonnull));

/* Counts the request among those of its client that wait for events. Returns false when there are
   too many, with the reply filled; else limits_wait_over must follow. */
bool limits_wait(struct request *r) __attribute__((nonnull, warn_unused_result));

/* It does not wait any more; does nothing for one that was not counted. */
void limits_wait_over(struct request *r) __attribute__((nonnull));

#endif

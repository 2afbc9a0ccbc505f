/*
 * How much each client has called of late, in a fixed amount of memory: for each of them one time,
 * the moment at which all it was charged will have been forgiven (the generic cell rate algorithm).
 * A call of cost 1 moves it by a window divided by the limit; it may lie a window ahead, so a whole
 * limit may come at once. Where a set of entries is full, the one least in debt makes room: who
 * floods stays remembered.
 */
#ifndef HANDOFF_API_POLICY_RATE_LIMIT_H
#define HANDOFF_API_POLICY_RATE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_LIMIT_WINDOW_S = 60 };

enum rate_limit_kind { RATE_LIMIT_ADDRESS, RATE_LIMIT_TOKEN, RATE_LIMIT_HANDOFF, RATE_LIMIT_KINDS };

/* How a client stands. */
struct rate_limit_standing {
    bool allowed;
    unsigned limit;         /* calls in a window */
    unsigned remaining;     /* of them now */
    unsigned full_s;        /* until nothing is owed any more */
    unsigned retry_after_s; /* until this call would be allowed; 0 when it is */
};

struct rate_limit;

/* For at least so many clients at once. Returns NULL when memory is short. */
struct rate_limit *rate_limit_new(size_t clients) __attribute__((warn_unused_result));
void rate_limit_free(struct rate_limit *q);

/* Charges cost (at least 1; more than limit counts as limit) to a client, unless that were too
   much: then nothing is charged. limit is at least 1, now_us monotonic. Any thread. */
struct rate_limit_standing rate_limit_charge(struct rate_limit *q, enum rate_limit_kind kind,
                                             const void *key, size_t key_len, unsigned limit,
                                             unsigned cost, int64_t now_us)
    __attribute__((nonnull, warn_unused_result));

/* The same without charging: whether a call of cost 1 would be allowed. */
struct rate_limit_standing rate_limit_look(struct rate_limit *q, enum rate_limit_kind kind,
                                           const void *key, size_t key_len, unsigned limit,
                                           int64_t now_us)
    __attribute__((nonnull, warn_unused_result));

#endif

/*
 * How repeated alarms (wrong codes, late claims) become events without flooding the log: the first
 * ten of a handoff are written singly, later ones add up and are written as one event with a count
 * when a window has passed, 10 s at first and twice as long each time, up to an hour. Pure.
 */
#ifndef HANDOFF_VAULT_LIFECYCLE_ALARM_H
#define HANDOFF_VAULT_LIFECYCLE_ALARM_H

#include <stdint.h>

struct alarm {
    unsigned events;  /* written so far */
    unsigned pending; /* counted, not yet written */
    int64_t flush_at; /* when pending must be written; 0: nothing pending */
};

/* Counts one. Returns 1 when it is to be written now, 0 when it was added to pending. */
unsigned alarm_hit(struct alarm *a, int64_t now) __attribute__((nonnull, warn_unused_result));

/* How many are to be written now as one event because their window is over; 0 for none. */
unsigned alarm_flush(struct alarm *a, int64_t now) __attribute__((nonnull, warn_unused_result));

#endif

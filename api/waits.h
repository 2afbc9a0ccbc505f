/*
 * Those that wait for events: suspended connections without a thread, bounded in number, woken by
 * the vault, by their deadline, or when the service ends.
 */
#ifndef HANDOFF_API_WAITS_H
#define HANDOFF_API_WAITS_H

#include "api/request.h"

#include <stdint.h>

enum { WAITS_MAX = 10000 };

struct waits;

/* How many wait now. */
unsigned waits_count(struct waits *w) __attribute__((nonnull));

struct waits *waits_new(struct vault *vault) __attribute__((nonnull, warn_unused_result));
void waits_free(struct waits *w);

enum waits_result {
    WAITS_ADDED,
    WAITS_MANY, /* too many of this client wait already: nothing is suspended */
    WAITS_FULL, /* too many wait already: nothing is suspended */
    WAITS_ENDED /* the service is ending: nothing is suspended */
};

/* Suspends the request until an event comes for its handoff after r->after, or r->wait.deadline_ms.
 */
enum waits_result waits_add(struct waits *w, struct request *r)
    __attribute__((nonnull, warn_unused_result));

/* Takes a woken request out; does nothing for one that is not in. */
void waits_remove(struct waits *w, struct request *r) __attribute__((nonnull));

/* Wakes those whose time has come; with all set, everyone. */
void waits_wake(struct waits *w, int64_t now_ms, bool all) __attribute__((nonnull));

#endif

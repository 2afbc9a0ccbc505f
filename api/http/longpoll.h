/*
 * Those that wait for events: suspended connections without a thread, bounded in number, woken by
 * the vault, by their deadline, or when the service ends.
 */
#ifndef HANDOFF_API_HTTP_LONGPOLL_H
#define HANDOFF_API_HTTP_LONGPOLL_H

#include "api/http/request.h"

#include <stdint.h>

enum { LONGPOLL_MAX = 10000 };

struct longpolls;

/* How many wait now. */
unsigned longpoll_count(struct longpolls *w) __attribute__((nonnull));

struct longpolls *longpoll_new(struct vault *vault) __attribute__((nonnull, warn_unused_result));
void longpoll_free(struct longpolls *w);

enum longpoll_result {
    LONGPOLL_ADDED,
    LONGPOLL_FULL, /* too many wait already: nothing is suspended */
    LONGPOLL_ENDED /* the service is ending: nothing is suspended */
};

/* Suspends the request until an event comes for its handoff after r->after, or r->wait.deadline_ms.
 */
enum longpoll_result longpoll_add(struct longpolls *w, struct request *r)
    __attribute__((nonnull, warn_unused_result));

/* Takes a woken request out; does nothing for one that is not in. */
void longpoll_remove(struct longpolls *w, struct request *r) __attribute__((nonnull));

/* Wakes those whose time has come; with all set, everyone. */
void longpoll_wake(struct longpolls *w, int64_t now_ms, bool all) __attribute__((nonnull));

#endif

/*
 * Erasing personal details (names, notes, labels, addresses) from the events' rows, because the law
 * says so or they have become old. Lines, leaves and commitments stay: the log still verifies, and
 * says what was erased.
 *
 * All run within the ledger's transaction; -1 means that the store failed, or that details cannot
 * be opened.
 */
#ifndef HANDOFF_VAULT_MAINTENANCE_ERASING_H
#define HANDOFF_VAULT_MAINTENANCE_ERASING_H

#include "vault/log/ledger.h"

enum { ERASING_STEP_EVENTS = 64 };

/* Erases what is personal in all events of a handoff, and records it where there was something.
   Returns 0, STORE_NONE when there is no such handoff, or -1. *events: how many lost details. */
int erasing_handoff(struct ledger *l, const uint8_t id[16], int64_t *events)
    __attribute__((nonnull, warn_unused_result));

/* Whether events from before this time wait to be erased; needs no transaction. */
bool erasing_due(struct store *store, int64_t before) __attribute__((nonnull));

/* Does the next ERASING_STEP_EVENTS of them. Returns 0 or -1. */
int erasing_old(struct ledger *l, int64_t before) __attribute__((nonnull, warn_unused_result));

#endif

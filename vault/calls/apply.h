/*
 * The room calls/ holds what a call's work consists of, whatever thread does it: preparing a job,
 * applying it, and the connections that reading calls share.
 *
 * Carries out one job, or what time brings about, within a transaction: finds the facts, asks the
 * lifecycle, does what it says, appends the events.
 */
#ifndef HANDOFF_VAULT_CALLS_APPLY_H
#define HANDOFF_VAULT_CALLS_APPLY_H

#include "vault/job/job.h"
#include "vault/log/ledger.h"

/* Applies job and fills its result, which becomes true with the commit. Returns 0, also when the
   answer is a refusal; or -1 when the store failed and the transaction must be rolled back. */
int apply_job(struct ledger *l, struct vault_job *job) __attribute__((nonnull, warn_unused_result));

/* Does what is due for a handoff by now: expiry, the lease's end, counted alarms. 0 or -1. */
int apply_due(struct ledger *l, const uint8_t id[16]) __attribute__((nonnull, warn_unused_result));

/* Burns what lived when the backup was taken that the database came out of. */
int apply_restore(struct ledger *l, const struct store_handoff *h)
    __attribute__((nonnull, warn_unused_result));

#endif

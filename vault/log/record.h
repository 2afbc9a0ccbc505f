/*
 * The events: what the line and the details of each kind hold (docs/protocol.md has the table).
 *
 * Each call appends one event to the handoff's own chain. Returns 0, or -1 when the store failed.
 */
#ifndef HANDOFF_VAULT_LOG_RECORD_H
#define HANDOFF_VAULT_LOG_RECORD_H

#include "vault/job/job.h"
#include "vault/job/role.h"
#include "vault/log/ledger.h"

/* One handoff while it is being changed. */
struct change {
    struct ledger *l;
    struct vault_job *job; /* NULL when time is the cause */
    struct store_handoff h;
    int64_t first; /* the first event appended by the present verdict; -1: none yet */
    bool touched;  /* the row must be written back */
};

/* Gives a job the line of event n. Returns 0, or -1 when memory is short. */
int record_give_line(struct vault_job *job, int64_t n, const char *line, size_t len)
    __attribute__((nonnull, warn_unused_result));

int record_created(struct change *c, const struct vault_submission *in);
int record_claimed(struct change *c);

/* These two stand for count calls; a coalesced one (job NULL) names nobody. */
int record_refused(struct change *c, bool claimant, unsigned count, const struct vault_job *job);
int record_wrong_code(struct change *c, unsigned tries_left, unsigned count,
                      const struct vault_job *job);

/* Also notes the event as the handoff's first opened one. */
int record_opened(struct change *c, bool late);
int record_lapsed(struct change *c, enum lifecycle_cause cause);
int record_burned(struct change *c, enum lifecycle_cause cause);

/* Also keeps the statement's hash (c->job->own.hash[0]), so that a repeat is recognised. */
int record_receipt(struct change *c, bool claimant);

/* At somebody's wish, of this handoff: so many of its events lost details. */
int record_erased(struct ledger *l, struct store_handoff *h, int64_t events);

/* These belong to no handoff. */
int record_vault_opened(struct ledger *l);
int record_token_added(struct ledger *l, const struct vault_token *t);
int record_token_revoked(struct ledger *l, const struct vault_token *t);
int record_key_rotated(struct ledger *l, uint32_t from, uint32_t to);
int record_backed_up(struct ledger *l);
int record_log_key_rotated(struct ledger *l, const char *from, const char *to, bool lost);
/* Because of age: so many events below the index before lost details. */
int record_erased_old(struct ledger *l, int64_t events, int64_t before);
int record_restored(struct ledger *l, int64_t burned); /* how many handoffs that had lived */

#endif

/*
 * Keeps signed checkpoints of the log in the database while it grows, a second apart: by them a log
 * that was cut or rewritten behind the service's back is recognised.
 */
#ifndef HANDOFF_VAULT_LOG_CHECKPOINT_KEEPER_H
#define HANDOFF_VAULT_LOG_CHECKPOINT_KEEPER_H

#include "vault/job/reporter.h"
#include "vault/log/ledger.h"
#include "vault/log/logkey.h"

enum { CHECKPOINT_KEEPER_MS = 1000 };

struct checkpoint_keeper {
    struct logkey *logkey;
    const struct reporter *reporter;
    int64_t size;  /* of the log whose checkpoint was kept last */
    int64_t at_ms; /* when the next may be; monotonic */
    bool told;     /* that nothing can be signed */
};

/* Whether the log has grown since. */
bool checkpoint_keeper_behind(const struct checkpoint_keeper *k, const struct ledger *l)
    __attribute__((nonnull));

/* Within l's transaction, at its end: keeps a checkpoint of the log as the transaction leaves it,
   when the log has grown and it is time. What cannot be signed is told, and holds up nothing.
   Returns 0, or -1 when the store failed. After a transaction that did not come to be, *k must be
   put back. */
int checkpoint_keeper_keep(struct checkpoint_keeper *k, const struct ledger *l)
    __attribute__((nonnull, warn_unused_result));

#endif

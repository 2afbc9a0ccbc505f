/*
 * The rotation of the master key: everything at rest is sealed again under the current key, in
 * steps that are transactions of their own, so that it can be interrupted anywhere and begun anew.
 * When nothing lies under another key any more, the database is bound to the current one and the
 * event is written; the other keys may then be destroyed.
 */
#ifndef HANDOFF_VAULT_ROTATION_H
#define HANDOFF_VAULT_ROTATION_H

#include "vault/ledger.h"

enum { ROTATION_STEP_ROWS = 64 };

enum rotation_phase { ROTATION_DETAILS, ROTATION_ENVELOPES, ROTATION_FINISH, ROTATION_DONE };

/* How far it has come. Zeroed is the beginning. */
struct rotation {
    enum rotation_phase phase;
    int64_t event;  /* details up to here are done; 0 at the beginning stands for -1 */
    uint8_t id[16]; /* envelopes up to here are done */
    bool begun;
};

/* Does one step within l's transaction, of at most ROTATION_STEP_ROWS rows. Returns 0, or -1 when
   the store failed or something at rest cannot be opened; *r then is as it was. */
int rotation_step(struct rotation *r, struct ledger *l)
    __attribute__((nonnull, warn_unused_result));

#endif

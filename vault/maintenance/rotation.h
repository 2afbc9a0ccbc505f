/*
 * The rotation of the master key: everything at rest is sealed again under the current key, in
 * steps that are transactions of their own, so that it can be interrupted anywhere and begun anew.
 * When nothing lies under another key any more, the database is bound to the current one and the
 * event is written; the other keys may then be destroyed.
 */
#ifndef HANDOFF_VAULT_MAINTENANCE_ROTATION_H
#define HANDOFF_VAULT_MAINTENANCE_ROTATION_H

#include "vault/job/reporter.h"
#include "vault/keys/keyring.h"
#include "vault/log/ledger.h"

enum { ROTATION_STEP_ROWS = 64 };

enum rotation_phase { ROTATION_DETAILS, ROTATION_ENVELOPES, ROTATION_FINISH, ROTATION_DONE };

/* How far it has come. Zeroed is the beginning. */
struct rotation {
    enum rotation_phase phase;
    bool begun;     /* in this phase */
    int64_t event;  /* details up to here are done */
    uint8_t id[16]; /* envelopes up to here are done */
};

/* The service's watch over its keys: what it remembers from one look to the next. */
struct rotation_watch {
    struct keyring *keyring;
    const struct keyfile_place *file;
    const struct reporter *reporter;
    bool file_bad;       /* and the operator has been told */
    uint32_t rotated_to; /* the key under which all is, as far as is known */
};

/* Takes in a new key where the key file has one. Returns whether a rotation is wanted. */
bool rotation_wanted(struct rotation_watch *w) __attribute__((nonnull));

/* Destroys the old keys after a rotation, or tells the operator to where only he can. */
void rotation_destroy(struct rotation_watch *w) __attribute__((nonnull));

/* Does one step within l's transaction, of at most ROTATION_STEP_ROWS rows. Returns 0, or -1 when
   the store failed or something at rest cannot be opened; *r then is as it was. */
int rotation_step(struct rotation *r, struct ledger *l)
    __attribute__((nonnull, warn_unused_result));

#endif

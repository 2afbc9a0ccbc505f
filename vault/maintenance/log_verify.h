/* Looks through the log as it lies in the database. */
#ifndef HANDOFF_VAULT_MAINTENANCE_LOG_VERIFY_H
#define HANDOFF_VAULT_MAINTENANCE_LOG_VERIFY_H

#include "vault/log/logkey.h"
#include "vault/store/store.h"

/* What was looked through. */
struct log_verify_count {
    uint64_t events;
    unsigned checkpoints; /* signed ones, kept while the log grew, which it was held against */
};

/* Derives the tree anew from the lines, and holds it against the hashes that were stored with them
   and the signed checkpoints that were kept. The first place that does not fit is told in why:
   changed, missing, in another's place, cut off, or somewhere between two checkpoints. Without a
   logkey the checkpoints' signatures are not looked at. Returns 0, STORE_NONE when something is
   wrong, or -1. */
int log_verify(struct store *store, struct logkey *logkey, struct log_verify_count *out, char *why,
               size_t why_size) __attribute__((nonnull(1, 3, 4), warn_unused_result));

#endif

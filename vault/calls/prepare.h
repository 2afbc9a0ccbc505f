/* What a job needs and no transaction: hashes, the at-rest layer, a receipt's signature, the
   details of the event that it will bring about. Done on the caller's thread, so that the one
   writer does only what it alone can do. */
#ifndef HANDOFF_VAULT_CALLS_PREPARE_H
#define HANDOFF_VAULT_CALLS_PREPARE_H

#include "vault/calls/readers.h"
#include "vault/job/job.h"
#include "vault/keys/keyring.h"

/* Fills job->own. Returns 0, or -1 when memory is short or the store cannot be read. */
int prepare_job(struct vault_job *job, const struct keyring *keyring, struct readers *readers)
    __attribute__((nonnull, warn_unused_result));

/* Seals a submission's envelope under the current key, again where it was sealed before. */
void prepare_seal(struct vault_job *job, const struct keyring *keyring) __attribute__((nonnull));

#endif

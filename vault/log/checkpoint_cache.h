/*
 * The checkpoint that was signed last, kept as long as nothing new was recorded: between two events
 * many ask for the same one.
 */
#ifndef HANDOFF_VAULT_LOG_CHECKPOINT_CACHE_H
#define HANDOFF_VAULT_LOG_CHECKPOINT_CACHE_H

#include "vault/log/logkey.h"
#include "vault/protocol/encoding/text.h"
#include "vault/store/store.h"

struct checkpoint_cache;

/* NULL when memory is short. */
struct checkpoint_cache *checkpoint_cache_new(void) __attribute__((warn_unused_result));

/* NULL is nothing. */
void checkpoint_cache_free(struct checkpoint_cache *s);

/* Appends the signed checkpoint of the log's first size events to t, which may hold a proof's
   beginning; store is within a view. Any thread. Returns 0, or -1 when the store cannot be read,
   nothing can be signed, or t has no room. */
int checkpoint_cache_add(struct checkpoint_cache *s, struct logkey *logkey, struct store *store,
                         uint64_t size, struct text *t)
    __attribute__((nonnull, warn_unused_result));

#endif

/* The last signed checkpoint, kept as long as nothing new was recorded; the rest is in vault.h. */
#ifndef HANDOFF_VAULT_PROOFS_H
#define HANDOFF_VAULT_PROOFS_H

struct proofs_cache;

struct proofs_cache *proofs_cache_new(void) __attribute__((warn_unused_result));
void proofs_cache_free(struct proofs_cache *s);

#endif

/* Tokens as they lie in the database: found by a hash, name and team sealed. */
#ifndef HANDOFF_VAULT_LOG_TOKEN_H
#define HANDOFF_VAULT_LOG_TOKEN_H

#include "vault/job/role.h"
#include "vault/keys/keyring.h"
#include "vault/store/store.h"

enum { TOKEN_BYTES = 32 };

/* The form at rest of a token. Returns 0, or -1 when name and team are too long. */
int token_seal(const struct keyring *k, const struct vault_token *t,
               const uint8_t token[TOKEN_BYTES], struct store_token *out)
    __attribute__((nonnull, warn_unused_result));

/* Reads it back. Returns 0, or -1 when it is not authentic. */
int token_open(const struct keyring *k, const struct store_token *t, struct vault_token *out)
    __attribute__((nonnull, warn_unused_result));

/* Seals it again under the current key, where it is not. As token_open. */
int token_renew(const struct keyring *k, struct store_token *t)
    __attribute__((nonnull, warn_unused_result));

/* The tag by which a name is found. */
void token_name_tag(const struct keyring *k, const char *name, uint8_t tag[16])
    __attribute__((nonnull));

/* The tag of a team, as recipient of handoffs. */
void token_team_tag(const struct keyring *k, const char *team, uint8_t tag[16])
    __attribute__((nonnull));

#endif

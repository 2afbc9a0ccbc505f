#include "vault/log/token.h"

#include "vault/protocol/handoff/keys.h"

#include <sodium.h>
#include <string.h>

void token_name_tag(const struct keyring *k, const char *name, uint8_t tag[16])
{
    keyring_tag(k, "name:", name, tag);
}

void token_team_tag(const struct keyring *k, const char *team, uint8_t tag[16])
{
    keyring_tag(k, "team:", team, tag);
}

int token_seal(const struct keyring *k, const struct vault_token *t,
               const uint8_t token[TOKEN_BYTES], struct store_token *out)
{
    const size_t name_len = strlen(t->name) + 1, len = name_len + strlen(t->team) + 1;
    uint8_t plain[STORE_TOKEN_SEALED_MAX - KEYRING_OVERHEAD];

    if (len > sizeof(plain))
        return -1;
    *out = (struct store_token){.role = t->role,
                                .created_at = t->created_at,
                                .expires_at = t->expires_at,
                                .revoked_at = t->revoked_at,
                                .sealed_len = len + KEYRING_OVERHEAD};
    keys_hash(out->hash, token);
    token_name_tag(k, t->name, out->name_tag);
    memcpy(plain, t->name, name_len);
    memcpy(plain + name_len, t->team, len - name_len);
    out->key_id =
        keyring_seal(k, KEYRING_DETAILS, out->hash, sizeof(out->hash), plain, len, out->sealed);
    sodium_memzero(plain, sizeof(plain));
    return 0;
}

/* Unseals name and team, each with its NUL. Returns their length together, or 0. */
static size_t unseal(const struct keyring *k, const struct store_token *t,
                     uint8_t plain[STORE_TOKEN_SEALED_MAX])
{
    if (t->sealed_len < KEYRING_OVERHEAD + 2 ||
        keyring_unseal(k, t->key_id, KEYRING_DETAILS, t->hash, sizeof(t->hash), t->sealed,
                       t->sealed_len, plain) != 0)
        return 0;
    return t->sealed_len - KEYRING_OVERHEAD;
}

int token_open(const struct keyring *k, const struct store_token *t, struct vault_token *out)
{
    uint8_t plain[STORE_TOKEN_SEALED_MAX];
    const size_t len = unseal(k, t, plain);
    const uint8_t *end = len > 0 ? memchr(plain, 0, len) : NULL;
    const size_t name_len = end != NULL ? (size_t)(end + 1 - plain) : 0;
    const size_t team_len = len - name_len;

    if (end == NULL || t->role >= VAULT_ROLES || team_len == 0 || plain[len - 1] != 0 ||
        name_len > sizeof(out->name) || team_len > sizeof(out->team))
        return -1;
    *out = (struct vault_token){.role = (enum vault_role)t->role,
                                .created_at = t->created_at,
                                .expires_at = t->expires_at,
                                .revoked_at = t->revoked_at};
    memcpy(out->name, plain, name_len);
    memcpy(out->team, plain + name_len, team_len);
    sodium_memzero(plain, sizeof(plain));
    return 0;
}

int token_renew(const struct keyring *k, struct store_token *t)
{
    uint8_t plain[STORE_TOKEN_SEALED_MAX];
    size_t len;

    if (t->key_id == keyring_current(k))
        return 0;
    len = unseal(k, t, plain);
    if (len == 0)
        return -1;
    t->key_id = keyring_seal(k, KEYRING_DETAILS, t->hash, sizeof(t->hash), plain, len, t->sealed);
    sodium_memzero(plain, sizeof(plain));
    return 0;
}

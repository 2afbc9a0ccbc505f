/*
 * What an envelope holds, as JSON: {"type":"credential","username"?,"password","url"?,"note"?},
 * {"type":"text","text"} or {"type":"file","name","data": base64url}. Strict: no unknown or doubled
 * members, no other types, UTF-8 only. Strings may hold any character, NUL too.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_HANDOFF_CREDENTIAL_H
#define HANDOFF_VAULT_PROTOCOL_HANDOFF_CREDENTIAL_H

#include "vault/protocol/encoding/secret.h"

#include <stddef.h>
#include <stdint.h>

enum credential_type { CREDENTIAL_LOGIN, CREDENTIAL_TEXT, CREDENTIAL_FILE };

/* A run of bytes that somebody else owns; data is NULL where the member is absent. */
struct credential_value {
    const uint8_t *data;
    size_t len;
};

struct credential {
    enum credential_type type;
    struct credential_value username, password, url, note; /* CREDENTIAL_LOGIN */
    struct credential_value text;                          /* CREDENTIAL_TEXT */
    struct credential_value name, data;                    /* CREDENTIAL_FILE; data is decoded */
    struct secret *owner; /* set by credential_decode: holds all the values' bytes */
};

/* Makes the JSON text (members in the order above, no spaces) as a new secret. Returns NULL with
   *why (static text, naming the member) when a needed value is absent or empty (password, text,
   name; file data may be empty), or is not UTF-8 (all but data), or memory is short. */
struct secret *credential_encode(const struct credential *c, const char **why)
    __attribute__((nonnull, warn_unused_result));

/* Reads JSON text into *out, whose values point into out->owner. Returns 0; or -1 with *why (static
   text). Clear *out with credential_clear after success. */
int credential_decode(struct credential *out, const struct secret *json, const char **why)
    __attribute__((nonnull, warn_unused_result));

/* Wipes and frees what credential_decode made; a zeroed struct is nothing. */
void credential_clear(struct credential *c) __attribute__((nonnull));

#endif

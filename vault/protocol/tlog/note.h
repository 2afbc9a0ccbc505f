/*
 * Signed notes with Ed25519 (C2SP signed-note): text that ends in LF, an empty line, then a line
 * for each signature: "— <name> <base64(key id ‖ signature)>".
 *
 * A verifier key is written "<name>+<key id, 8 hex>+<base64(0x01 ‖ public key)>"; the key id is the
 * first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
 */
#ifndef HANDOFF_VAULT_PROTOCOL_TLOG_NOTE_H
#define HANDOFF_VAULT_PROTOCOL_TLOG_NOTE_H

#include "vault/protocol/encoding/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NOTE_NAME_MAX = 200,                        /* bytes, without NUL */
    NOTE_KEY_MAX = NOTE_NAME_MAX + 10 + 44 + 1, /* a verifier key's text, with NUL */
    NOTE_BYTES = 8 * 1024,                      /* bytes of a whole note */
    NOTE_SIGNATURES_MAX = 16
};

struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint8_t public_key[32];
};

/* Whether a name can stand in a key: 1 to NOTE_NAME_MAX bytes of UTF-8, no control character, no
   Unicode space, no plus. */
bool note_name_valid(const char *name) __attribute__((nonnull));

/* Writes the verifier key's text and a NUL. */
void note_key_format(char out[NOTE_KEY_MAX], const struct note_key *k) __attribute__((nonnull));

/* Reads a verifier key's text of len bytes. Returns 0, or -1 when it is malformed, not of Ed25519,
   or its key id is not its own. */
int note_key_parse(struct note_key *k, const char *text, size_t len)
    __attribute__((nonnull, warn_unused_result));

bool note_key_equal(const struct note_key *a, const struct note_key *b) __attribute__((nonnull));

/* The key that a seed (of crypto_sign_seed_keypair) makes under a valid name. */
void note_key_of(struct note_key *k, const char *name, const uint8_t seed[32])
    __attribute__((nonnull));

/* Appends the empty line and seed's signature to t, which holds a note's text and nothing else. */
void note_sign(struct text *t, const struct note_key *k, const uint8_t seed[32])
    __attribute__((nonnull));

enum note_verdict {
    NOTE_GOOD,
    NOTE_MALFORMED,
    NOTE_UNSIGNED, /* no signature by this key */
    NOTE_FORGED    /* there is one, and it does not verify */
};

/* Checks a note of len bytes by one key; signatures by others are passed over. With NOTE_GOOD
 *text_len is the length of its text, which ends in LF. */
enum note_verdict note_open(const char *note, size_t len, const struct note_key *k,
                            size_t *text_len) __attribute__((nonnull, warn_unused_result));

#endif

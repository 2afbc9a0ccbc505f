/*
 * From a link key, an id and perhaps an access code to everything that a client needs;
 * docs/protocol.md has it byte by byte. libsodium's crypto_kdf is keyed BLAKE2b; Argon2id is
 * RFC 9106's with p = 1.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_HANDOFF_KEYS_H
#define HANDOFF_VAULT_PROTOCOL_HANDOFF_KEYS_H

#include "vault/protocol/encoding/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KEYS_LINK_KEY_BYTES = 32,
    KEYS_BYTES = 32,        /* of each derived value, each hash, the manage key and the claimant */
    KEYS_CODE_MIN = 6,      /* code points after normalisation */
    KEYS_CODE_MAX = 128,    /* bytes after normalisation */
    KEYS_CODE_GENERATED = 9 /* characters of XXXX-XXXX, without NUL */
};

struct keys {
    uint8_t content_key[KEYS_BYTES];
    uint8_t claim_token[KEYS_BYTES];
    uint8_t receipt_seed[KEYS_BYTES];
    uint8_t opened_token[KEYS_BYTES];
    uint8_t link_token[KEYS_BYTES]; /* zeros without a code */
    bool code;                      /* whether a code went in: the envelope's mode */
};

/* Derives all of it. code is normalised text (keys_code_normalise), or NULL for none; with one,
   Argon2id takes 64 MiB and about 100 ms. Returns keys in secret memory, or NULL when memory is
   short. Free with keys_free. */
struct keys *keys_derive(const uint8_t link_key[KEYS_LINK_KEY_BYTES], const uint8_t id[16],
                         const struct secret *code)
    __attribute__((nonnull(1, 2), warn_unused_result));

/* Wipes and frees; NULL is nothing. */
void keys_free(struct keys *k);

/* Unkeyed BLAKE2b-256 of a 32-byte token: the claim, opened, link, manage and claimant hashes. */
void keys_hash(uint8_t hash[KEYS_BYTES], const uint8_t token[KEYS_BYTES]) __attribute__((nonnull));

/* The Ed25519 public key that belongs to a receipt seed. */
void keys_receipt_public(uint8_t public_key[32], const uint8_t receipt_seed[KEYS_BYTES])
    __attribute__((nonnull));

/* Normalises a code: removes ASCII spaces and hyphens, turns a-z into A-Z. Returns a new secret, or
   NULL with *why (static text) when it is not UTF-8, has fewer than KEYS_CODE_MIN code points or
   more than KEYS_CODE_MAX bytes, or memory is short. */
struct secret *keys_code_normalise(const char *code, size_t len, const char **why)
    __attribute__((nonnull(1, 3), warn_unused_result));

/* A new code of 8 Crockford base32 characters (40 random bits) as XXXX-XXXX, and NUL. */
void keys_code_generate(char code[KEYS_CODE_GENERATED + 1]) __attribute__((nonnull));

#endif

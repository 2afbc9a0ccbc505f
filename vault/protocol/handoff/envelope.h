/*
 * The room protocol/handoff/ holds what sender and recipient must agree on to hand a credential
 * over: links, keys, envelopes, credentials and receipts, as pure functions over bytes.
 *
 * The envelope is the sealed credential: 0x01 ‖ nonce (24) ‖ XChaCha20-Poly1305-IETF(content key,
 * nonce, plaintext padded to a multiple of 256, AD = "handoff/1" ‖ id (16) ‖ mode), mode 0x00
 * without a code and 0x01 with one.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_HANDOFF_ENVELOPE_H
#define HANDOFF_VAULT_PROTOCOL_HANDOFF_ENVELOPE_H

#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENVELOPE_NONCE_BYTES = 24,
    ENVELOPE_OVERHEAD = 1 + ENVELOPE_NONCE_BYTES + 16,
    ENVELOPE_BLOCK = 256,
    ENVELOPE_MIN = ENVELOPE_BLOCK + ENVELOPE_OVERHEAD, /* 297 */
    ENVELOPE_MAX_DEFAULT = 64 * 1024,
    ENVELOPE_MAX = 1024 * 1024, /* what no option can exceed */
    ENVELOPE_HASH_BYTES = 32
};

/* Bytes of the envelope of a plaintext of len bytes. */
size_t envelope_size(size_t len);

/* Seals plaintext (len bytes) into out, which holds envelope_size(len) bytes. nonce is NULL for a
   random one; the vectors give it. Returns 0, or -1 when memory is short. */
int envelope_seal(uint8_t *out, const struct keys *keys, const uint8_t id[16],
                  const uint8_t *plaintext, size_t len, const uint8_t *nonce)
    __attribute__((nonnull(1, 2, 3), warn_unused_result));

/* Opens an envelope. Returns the plaintext as a new secret, or NULL when it is not authentic, not
   of this shape, or memory is short. */
struct secret *envelope_open(const struct keys *keys, const uint8_t id[16], const uint8_t *envelope,
                             size_t len) __attribute__((nonnull, warn_unused_result));

/* Whether len bytes can be an envelope: version byte, at least ENVELOPE_MIN, 41 modulo 256. */
bool envelope_plausible(const uint8_t *envelope, size_t len) __attribute__((nonnull));

/* SHA-256 of the envelope: what receipts name. */
void envelope_hash(uint8_t hash[ENVELOPE_HASH_BYTES], const uint8_t *envelope, size_t len)
    __attribute__((nonnull));

#endif

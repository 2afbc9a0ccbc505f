/*
 * The master key and the layer that it lays over everything at rest: XChaCha20-Poly1305 under a key
 * derived from the master key for each purpose, AD = what it belongs to ‖ key id (4 bytes,
 * big-endian). A stolen database without the key file yields no envelope, name, label, note or
 * address.
 *
 * The key file is text: "handoff-master-key-1", key id and 32 bytes as base64url, separated by
 * single spaces, LF; mode 0600, owned by the user that runs the service.
 */
#ifndef HANDOFF_VAULT_KEYRING_H
#define HANDOFF_VAULT_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyring;

enum { KEYRING_OVERHEAD = 24 + 16 };

enum keyring_purpose { KEYRING_ENVELOPES = 1, KEYRING_DETAILS = 2 };

/* Reads the key file in the directory dir_fd; makes one when it is absent and may_create is set.
   Returns the keyring; or NULL with a sentence in why. */
struct keyring *keyring_open(int dir_fd, bool may_create, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Wipes and frees; NULL is nothing. */
void keyring_close(struct keyring *k);

/* The id of the key that keyring_seal uses. */
uint32_t keyring_current(const struct keyring *k) __attribute__((nonnull));

/* Seals data (len bytes) into out, which holds len + KEYRING_OVERHEAD bytes, bound to what it
   belongs to (ad, at most 32 bytes). */
void keyring_seal(const struct keyring *k, enum keyring_purpose purpose, const uint8_t *ad,
                  size_t ad_len, const uint8_t *data, size_t len, uint8_t *out)
    __attribute__((nonnull(1, 3, 7)));

/* Opens what keyring_seal made under key_id into out, which holds len - KEYRING_OVERHEAD bytes.
   Returns 0, or -1 when the key is not there or the bytes are not authentic. */
int keyring_unseal(const struct keyring *k, uint32_t key_id, enum keyring_purpose purpose,
                   const uint8_t *ad, size_t ad_len, const uint8_t *sealed, size_t len,
                   uint8_t *out) __attribute__((nonnull, warn_unused_result));

/* A keyed 16-byte tag of a text: recognises an address without storing it. */
void keyring_tag(const struct keyring *k, const char *text, uint8_t tag[16])
    __attribute__((nonnull));

/* A value that only this master key gives: stored, it tells a wrong key at the start. */
void keyring_check(const struct keyring *k, uint8_t check[32]) __attribute__((nonnull));

#endif

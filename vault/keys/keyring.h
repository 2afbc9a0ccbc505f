/*
 * The room keys/ holds the master keys: the files of secrets that they lie in, and what is sealed
 * and tagged with them. It knows no database.
 *
 * A keyring is the master keys and the layer that they lay over everything at rest:
 * XChaCha20-Poly1305 under a key derived from the master key for each purpose, AD = what it belongs
 * to ‖ key id (4 bytes, big-endian). A stolen database without the key file yields no envelope,
 * name, label, note or address.
 *
 * There is one master key but while a rotation is under way; the one with the highest id seals.
 * keyfile.h tells of the file that they lie in.
 *
 * A keyring may be used by several threads, also while keys are added and destroyed.
 */
#ifndef HANDOFF_VAULT_KEYS_KEYRING_H
#define HANDOFF_VAULT_KEYS_KEYRING_H

#include "vault/keys/keyfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyring;

enum { KEYRING_NONCE = 24, KEYRING_OVERHEAD = KEYRING_NONCE + 16 };

enum keyring_purpose { KEYRING_ENVELOPES = 1, KEYRING_DETAILS = 2, KEYRING_PURPOSES = 2 };

/* Reads the key file; makes one when it is absent and may_create is set. Returns the keyring; or
   NULL with a sentence in why. */
struct keyring *keyring_open(const struct keyfile_place *file, bool may_create, char *why,
                             size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Wipes and frees; NULL is nothing. */
void keyring_close(struct keyring *k);

/* Reads the key file again, if it is another than was read last, and takes in the keys that are new
   in it. Returns 1 when there were some, 0 when not, or -1 with a sentence in why. */
int keyring_reload(struct keyring *k, const struct keyfile_place *file, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Adds a new key to the file, durably; the keyring itself takes it in by keyring_reload. Returns
   its id; or 0 with a sentence in why. */
uint32_t keyring_extend(const struct keyfile_place *file, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Destroys all keys but the current one, in the keyring and, durably, in the file: the old file is
   overwritten before it goes. Returns 0, or -1 (the file then has what it had). */
int keyring_shrink(struct keyring *k, const struct keyfile_place *file)
    __attribute__((nonnull, warn_unused_result));

/* The id of the key that keyring_seal uses, and how many keys there are. */
uint32_t keyring_current(const struct keyring *k) __attribute__((nonnull));
size_t keyring_count(const struct keyring *k) __attribute__((nonnull));

/* Seals data (len bytes) into out, which holds len + KEYRING_OVERHEAD bytes, bound to what it
   belongs to (ad, at most 32 bytes). Returns the id of the key that was used. */
uint32_t keyring_seal(const struct keyring *k, enum keyring_purpose purpose, const uint8_t *ad,
                      size_t ad_len, const uint8_t *data, size_t len, uint8_t *out)
    __attribute__((nonnull(1, 3, 7)));

/* The same with the nonce (KEYRING_NONCE random bytes, never used before) that stands in out
   already: for who draws several at once. */
uint32_t keyring_seal_with(const struct keyring *k, enum keyring_purpose purpose, const uint8_t *ad,
                           size_t ad_len, const uint8_t *data, size_t len, uint8_t *out)
    __attribute__((nonnull(1, 3, 7)));

/* Opens what keyring_seal made under key_id into out, which holds len - KEYRING_OVERHEAD bytes.
   Returns 0, or -1 when the key is not there or the bytes are not authentic. */
int keyring_unseal(const struct keyring *k, uint32_t key_id, enum keyring_purpose purpose,
                   const uint8_t *ad, size_t ad_len, const uint8_t *sealed, size_t len,
                   uint8_t *out) __attribute__((nonnull, warn_unused_result));

/* A value that only this master key gives: stored, it tells a wrong key at the start. Returns 0, or
   -1 when the key is not there. */
int keyring_check(const struct keyring *k, uint32_t key_id, uint8_t check[32])
    __attribute__((nonnull, warn_unused_result));

/* Which key gives this check: its id, or 0. */
uint32_t keyring_find(const struct keyring *k, const uint8_t check[32])
    __attribute__((nonnull, warn_unused_result));

/*
 * Tags: a keyed 16-byte hash of a text, by which an address, a team or a name is recognised and
 * found without being stored. Their key does not change when the master key does, since what was
 * tagged is not there to be tagged again: it lies in the database, sealed under the master key.
 */

enum { KEYRING_WRAPPED = 4 + 32 + KEYRING_OVERHEAD };

/* Takes the key for tags that a database without one has used so far: derived from its master key.
   Returns 0, or -1 when that is not there. */
int keyring_first_tag_key(struct keyring *k, uint32_t key_id)
    __attribute__((nonnull, warn_unused_result));

/* The key for tags under the current master key; and taken out of what that gave. The latter
   returns 0, or -1 when the key is not there or the bytes are not authentic. */
void keyring_wrap_tag_key(const struct keyring *k, uint8_t out[KEYRING_WRAPPED])
    __attribute__((nonnull));
int keyring_unwrap_tag_key(struct keyring *k, const uint8_t wrapped[KEYRING_WRAPPED])
    __attribute__((nonnull, warn_unused_result));

/* Tags space ‖ text; space ("team:", …) keeps tags of different things apart. */
void keyring_tag(const struct keyring *k, const char *space, const char *text, uint8_t tag[16])
    __attribute__((nonnull));

#endif

/*
 * An event's details, as they lie sealed beside it, and the commitments that its line holds instead
 * of them: BLAKE2b-256(key = 32 random bytes of salt, field ‖ 0x00 ‖ value). Each can be disclosed
 * or erased alone, and the log still verifies.
 *
 * One after the other: field and NUL, salt, length (4 bytes, big-endian), value. Where some were
 * erased, zeros fill the end.
 */
#ifndef HANDOFF_VAULT_JOB_DETAILS_H
#define HANDOFF_VAULT_JOB_DETAILS_H

#include "vault/protocol/encoding/text.h"
#include "vault/protocol/tlog/commitment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DETAILS_LENGTH_BYTES = 4 };

struct details {
    uint8_t *data; /* size bytes, len of them used */
    size_t size, len;
    struct text committed; /* "field":"commitment",… */
    bool overflow;
};

/* The most bytes that one detail takes as data, and its commitment as text. */
size_t details_data_size(const char *field, size_t len) __attribute__((nonnull));
size_t details_text_size(const char *field) __attribute__((nonnull));

/* Adds a detail under a salt that is used for nothing else. Where there is no room the overflow is
   noted, in d or its text. */
void details_add(struct details *d, const uint8_t salt[COMMITMENT_SALT_BYTES], const char *field,
                 const void *value, size_t len) __attribute__((nonnull(1, 2, 3)));

#endif

/* Any bytes as an envelope: it opens only if this key sealed it. Any bytes as a plaintext: sealed,
   they open the same, and with one bit flipped, or for another id, not at all. */
#include "vault/protocol/handoff/envelope.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void refused(const struct keys *k, const uint8_t id[16], const uint8_t *bytes, size_t len)
{
    struct secret *s = envelope_open(k, id, bytes, len);

    if (s != NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t id[16] = {1}, other[16] = {2}, link_key[32] = {3};
    static struct keys *keys;
    uint8_t *sealed, *copy;
    struct secret *opened;
    size_t len, at;

    if (sodium_init() < 0 || (keys == NULL && (keys = keys_derive(link_key, id, NULL)) == NULL))
        abort();
    /* A copy of just this length, so that a byte read behind it is noticed. */
    copy = malloc(size > 0 ? size : 1);
    len = envelope_size(size);
    sealed = malloc(len);
    if (copy == NULL || sealed == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    /* Nobody sealed the input itself with this key. */
    refused(keys, id, copy, size);
    if (envelope_plausible(copy, size) &&
        (size < ENVELOPE_MIN || size % ENVELOPE_BLOCK != ENVELOPE_OVERHEAD || copy[0] != 1))
        abort();
    if (envelope_seal(sealed, keys, id, copy, size, NULL) != 0 || !envelope_plausible(sealed, len))
        abort();
    opened = envelope_open(keys, id, sealed, len);
    if (opened == NULL || secret_len(opened) != size ||
        (size > 0 && memcmp(secret_bytes(opened), data, size) != 0))
        abort();
    secret_free(opened);
    refused(keys, other, sealed, len);
    refused(keys, id, sealed, len - ENVELOPE_BLOCK);
    at = (size > 1 ? (size_t)(data[0] | data[1] << 8) : size) % (len * 8);
    sealed[at / 8] ^= (uint8_t)(1U << at % 8);
    refused(keys, id, sealed, len);
    free(sealed);
    free(copy);
    return 0;
}

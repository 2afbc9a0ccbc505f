#include "vault/protocol/encoding/sha256.h"

#include <nettle/sha2.h>

_Static_assert(SHA256_BYTES == SHA256_DIGEST_SIZE, "a SHA-256 hash has 32 bytes");

void sha256(uint8_t hash[SHA256_BYTES], const void *data, size_t len)
{
    struct sha256_ctx state;

    sha256_init(&state);
    sha256_update(&state, len, data);
    sha256_digest(&state, SHA256_BYTES, hash);
}

void sha256_prefixed(uint8_t hash[SHA256_BYTES], uint8_t prefix, const void *data, size_t len)
{
    struct sha256_ctx state;

    sha256_init(&state);
    sha256_update(&state, 1, &prefix);
    sha256_update(&state, len, data);
    sha256_digest(&state, SHA256_BYTES, hash);
}

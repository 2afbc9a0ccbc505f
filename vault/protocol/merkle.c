#include "vault/protocol/merkle.h"

#include <sodium.h>

void merkle_leaf(uint8_t hash[MERKLE_HASH_BYTES], const void *data, size_t len)
{
    static const uint8_t prefix = 0x00;
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    crypto_hash_sha256_update(&state, data, len);
    crypto_hash_sha256_final(&state, hash);
}

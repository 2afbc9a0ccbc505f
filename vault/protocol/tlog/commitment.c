#include "vault/protocol/tlog/commitment.h"

#include <sodium.h>
#include <string.h>

void commitment(uint8_t out[COMMITMENT_BYTES], const uint8_t salt[COMMITMENT_SALT_BYTES],
                const char *field, const void *value, size_t len)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, salt, COMMITMENT_SALT_BYTES, COMMITMENT_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)field, strlen(field) + 1);
    crypto_generichash_update(&state, value, len);
    crypto_generichash_final(&state, out, COMMITMENT_BYTES);
}

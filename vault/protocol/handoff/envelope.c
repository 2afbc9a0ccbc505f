#include "vault/protocol/handoff/envelope.h"

#include "vault/protocol/encoding/sha256.h"

#include <sodium.h>
#include <string.h>

enum { VERSION = 0x01, MODE_NO_CODE = 0x00, MODE_CODE = 0x01 };

static const char label[] = "handoff/1";

enum { AD_BYTES = sizeof(label) - 1 + 16 + 1 };

static void make_ad(uint8_t ad[AD_BYTES], const struct keys *keys, const uint8_t id[16])
{
    memcpy(ad, label, sizeof(label) - 1);
    memcpy(ad + sizeof(label) - 1, id, 16);
    ad[AD_BYTES - 1] = keys->code ? MODE_CODE : MODE_NO_CODE;
}

/* sodium_pad always adds at least one byte. */
static size_t padded_size(size_t len)
{
    return (len / ENVELOPE_BLOCK + 1) * ENVELOPE_BLOCK;
}

size_t envelope_size(size_t len)
{
    return padded_size(len) + ENVELOPE_OVERHEAD;
}

int envelope_seal(uint8_t *out, const struct keys *keys, const uint8_t id[16],
                  const uint8_t *plaintext, size_t len, const uint8_t *nonce)
{
    uint8_t *const sealed_nonce = out + 1;
    struct secret *padded = secret_new(padded_size(len));
    uint8_t ad[AD_BYTES];
    size_t size;

    if (padded == NULL)
        return -1;
    if (len > 0)
        memcpy(secret_data(padded), plaintext, len);
    if (sodium_pad(&size, secret_data(padded), len, ENVELOPE_BLOCK, secret_capacity(padded)) != 0) {
        secret_free(padded);
        return -1;
    }
    out[0] = VERSION;
    if (nonce != NULL)
        memcpy(sealed_nonce, nonce, ENVELOPE_NONCE_BYTES);
    else
        randombytes_buf(sealed_nonce, ENVELOPE_NONCE_BYTES);
    make_ad(ad, keys, id);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed_nonce + ENVELOPE_NONCE_BYTES, NULL,
                                               secret_bytes(padded), size, ad, sizeof(ad), NULL,
                                               sealed_nonce, keys->content_key);
    secret_free(padded);
    return 0;
}

struct secret *envelope_open(const struct keys *keys, const uint8_t id[16], const uint8_t *envelope,
                             size_t len)
{
    const uint8_t *const nonce = envelope + 1;
    struct secret *plain;
    uint8_t ad[AD_BYTES];
    size_t size;

    if (!envelope_plausible(envelope, len))
        return NULL;
    plain = secret_new(len - ENVELOPE_OVERHEAD);
    if (plain == NULL)
        return NULL;
    make_ad(ad, keys, id);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            secret_data(plain), NULL, NULL, nonce + ENVELOPE_NONCE_BYTES,
            len - 1 - ENVELOPE_NONCE_BYTES, ad, sizeof(ad), nonce, keys->content_key) != 0 ||
        sodium_unpad(&size, secret_bytes(plain), secret_capacity(plain), ENVELOPE_BLOCK) != 0 ||
        secret_resize(plain, size) != 0) {
        secret_free(plain);
        return NULL;
    }
    return plain;
}

bool envelope_plausible(const uint8_t *envelope, size_t len)
{
    return len >= ENVELOPE_MIN && len % ENVELOPE_BLOCK == ENVELOPE_OVERHEAD &&
           envelope[0] == VERSION;
}

void envelope_hash(uint8_t hash[ENVELOPE_HASH_BYTES], const uint8_t *envelope, size_t len)
{
    sha256(hash, envelope, len);
}

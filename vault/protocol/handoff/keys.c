#include "vault/protocol/handoff/keys.h"

#include "vault/protocol/encoding/encoding.h"

#include <sodium.h>
#include <string.h>

static const char context[] = "handoff1"; /* crypto_kdf's, of exactly 8 characters */

enum { OPSLIMIT = 2, MEMLIMIT = 64 * 1024 * 1024 };

/* S: the link key alone, or keyed BLAKE2b of the stretched code under it. */
static int derive_seed(uint8_t seed[KEYS_BYTES], const uint8_t link_key[KEYS_LINK_KEY_BYTES],
                       const uint8_t id[16], const struct secret *code)
{
    struct secret *stretched;
    int rc = -1;

    if (code == NULL) {
        memcpy(seed, link_key, KEYS_BYTES);
        return 0;
    }
    stretched = secret_new(KEYS_BYTES);
    if (stretched == NULL)
        return -1;
    if (crypto_pwhash(secret_data(stretched), KEYS_BYTES, (const char *)secret_bytes(code),
                      secret_len(code), id, OPSLIMIT, MEMLIMIT, crypto_pwhash_ALG_ARGON2ID13) == 0)
        rc = crypto_generichash(seed, KEYS_BYTES, secret_bytes(stretched), KEYS_BYTES, link_key,
                                KEYS_LINK_KEY_BYTES);
    secret_free(stretched);
    return rc;
}

struct keys *keys_derive(const uint8_t link_key[KEYS_LINK_KEY_BYTES], const uint8_t id[16],
                         const struct secret *code)
{
    struct keys *k = sodium_malloc(sizeof(*k));
    struct secret *seed = secret_new(KEYS_BYTES);
    const uint8_t *s;

    if (k == NULL || seed == NULL || derive_seed(secret_data(seed), link_key, id, code) != 0)
        goto fail;
    memset(k, 0, sizeof(*k));
    s = secret_bytes(seed);
    crypto_kdf_derive_from_key(k->content_key, KEYS_BYTES, 1, context, s);
    crypto_kdf_derive_from_key(k->claim_token, KEYS_BYTES, 2, context, s);
    crypto_kdf_derive_from_key(k->receipt_seed, KEYS_BYTES, 3, context, s);
    crypto_kdf_derive_from_key(k->opened_token, KEYS_BYTES, 4, context, s);
    k->code = code != NULL;
    if (k->code)
        crypto_kdf_derive_from_key(k->link_token, KEYS_BYTES, 5, context, link_key);
    secret_free(seed);
    return k;

fail:
    secret_free(seed);
    keys_free(k);
    return NULL;
}

void keys_free(struct keys *k)
{
    sodium_free(k);
}

void keys_hash(uint8_t hash[KEYS_BYTES], const uint8_t token[KEYS_BYTES])
{
    crypto_generichash(hash, KEYS_BYTES, token, KEYS_BYTES, NULL, 0);
}

void keys_receipt_public(uint8_t public_key[32], const uint8_t receipt_seed[KEYS_BYTES])
{
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(public_key, secret_key, receipt_seed);
    sodium_memzero(secret_key, sizeof(secret_key));
}

struct secret *keys_code_normalise(const char *code, size_t len, const char **why)
{
    struct secret *out = NULL;

    *why = "the code is not valid UTF-8 text";
    if (!encoding_utf8_valid(code, len))
        return NULL;
    *why = "out of memory";
    out = secret_new(KEYS_CODE_MAX);
    if (out == NULL)
        return NULL;
    *why = "the code is too long: at most 128 bytes count";
    for (size_t i = 0; i < len; i++) {
        const char c = code[i] >= 'a' && code[i] <= 'z' ? (char)(code[i] - 'a' + 'A') : code[i];

        if (c != ' ' && c != '-' && secret_append(out, &c, 1) != 0)
            goto fail;
    }
    *why = "the code is too short: it has at least 6 characters, spaces and hyphens not counted";
    if (encoding_utf8_length(secret_bytes(out), secret_len(out)) < KEYS_CODE_MIN)
        goto fail;
    return out;

fail:
    secret_free(out);
    return NULL;
}

void keys_code_generate(char code[KEYS_CODE_GENERATED + 1])
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    for (int i = 0; i < KEYS_CODE_GENERATED; i++)
        code[i] = i == KEYS_CODE_GENERATED / 2 ? '-' : crockford[randombytes_uniform(32)];
    code[KEYS_CODE_GENERATED] = '\0';
}

#include "vault/protocol/handoff/receipt.h"

#include "vault/protocol/encoding/sha256.h"
#include "vault/protocol/encoding/text.h"

#include <sodium.h>

const char *receipt_outcome_name(enum receipt_outcome outcome)
{
    return outcome == RECEIPT_CONFIRMED ? "confirmed" : "rejected";
}

size_t receipt_statement(char out[RECEIPT_STATEMENT_MAX], const struct receipt *r)
{
    struct text t = text_into(out, RECEIPT_STATEMENT_MAX);
    uint8_t details_hash[SHA256_BYTES];

    text_add(&t, "handoff/1 receipt\n");
    text_id(&t, r->id);
    text_add(&t, "\n");
    text_add(&t, receipt_outcome_name(r->outcome));
    text_add(&t, "\n");
    text_base64url(&t, r->envelope_hash, sizeof(r->envelope_hash));
    text_add(&t, "\n");
    text_i64(&t, r->at);
    text_add(&t, "\n");
    if (r->details != NULL) {
        sha256(details_hash, r->details, r->details_len);
        text_base64url(&t, details_hash, sizeof(details_hash));
    } else {
        text_add(&t, "-");
    }
    text_add(&t, "\n");
    return t.len;
}

void receipt_sign(uint8_t signature[RECEIPT_SIGNATURE_BYTES], const char *statement, size_t len,
                  const uint8_t seed[32])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(public_key, secret_key, seed);
    crypto_sign_detached(signature, NULL, (const uint8_t *)statement, len, secret_key);
    sodium_memzero(secret_key, sizeof(secret_key));
}

bool receipt_verify(const uint8_t signature[RECEIPT_SIGNATURE_BYTES], const char *statement,
                    size_t len, const uint8_t public_key[32])
{
    return crypto_sign_verify_detached(signature, (const uint8_t *)statement, len, public_key) == 0;
}

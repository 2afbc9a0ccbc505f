#include "tests/bench/material/material.h"

#include "vault/protocol/handoff/keys.h"

#include <sodium.h>
#include <string.h>

void material_seed(struct material_source *s, uint64_t seed, uint64_t first_ms)
{
    uint8_t bytes[crypto_generichash_KEYBYTES] = "handoff bench";

    memcpy(bytes + sizeof(bytes) - sizeof(seed), &seed, sizeof(seed));
    crypto_generichash(s->key, sizeof(s->key), bytes, sizeof(bytes), NULL, 0);
    s->first_ms = first_ms;
    for (uint8_t i = 0; i < MATERIAL_RECEIPT_KEYS; i++) {
        crypto_generichash(bytes, sizeof(bytes), s->key, sizeof(s->key), &i, 1);
        keys_receipt_public(s->receipt_keys[i], bytes);
    }
}

/* The stream of a number: its first part is for the fixed members, its second for the envelope. */
static void draw(const struct material_source *s, uint64_t number, uint64_t part, void *out,
                 size_t len)
{
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    number |= part << 63;
    memcpy(nonce, &number, sizeof(nonce));
    crypto_stream_chacha20(out, len, nonce, s->key);
}

void material_make(struct material *m, const struct material_source *s, uint64_t number)
{
    const uint64_t ms = s->first_ms + number / MATERIAL_PER_MS;
    struct {
        uint8_t id[16], claim[32], opened[32], claimant[32], manage[32];
    } drawn;

    draw(s, number, 0, &drawn, sizeof(drawn));
    memcpy(m->id, drawn.id, sizeof(m->id));
    for (unsigned i = 0; i < 6; i++)
        m->id[i] = (uint8_t)(ms >> (40 - 8 * i));
    m->id[6] = 0x70 | (m->id[6] & 0x0f);
    m->id[8] = 0x80 | (m->id[8] & 0x3f);
    memcpy(m->claim_token, drawn.claim, sizeof(m->claim_token));
    memcpy(m->opened_token, drawn.opened, sizeof(m->opened_token));
    memcpy(m->claimant, drawn.claimant, sizeof(m->claimant));
    memcpy(m->manage_key, drawn.manage, sizeof(m->manage_key));
    keys_hash(m->claim_hash, m->claim_token);
    keys_hash(m->opened_hash, m->opened_token);
    keys_hash(m->manage_hash, m->manage_key);
    memcpy(m->receipt_key, s->receipt_keys[number % MATERIAL_RECEIPT_KEYS], 32);
    if (m->envelope != NULL) {
        draw(s, number, 1, m->envelope, m->envelope_len);
        m->envelope[0] = 0x01;
    }
}

/*
 * What a handoff is made of, drawn from a seed and its number: who knows both makes the same again.
 * So the generator redeems what fill has put into a database, with no file between them.
 */
#ifndef HANDOFF_TESTS_BENCH_MATERIAL_MATERIAL_H
#define HANDOFF_TESTS_BENCH_MATERIAL_MATERIAL_H

#include <stddef.h>
#include <stdint.h>

enum {
    MATERIAL_RECEIPT_KEYS = 64,
    MATERIAL_PER_MS = 64 /* ids with the same time */
};

/* The time in the ids of what fill makes, so that the generator's come behind them: 1 January
   2024. */
#define MATERIAL_FILLED_MS UINT64_C(1704067200000)

struct material_source {
    uint8_t key[32];
    uint64_t first_ms; /* the time in the first id, Unix milliseconds */
    uint8_t receipt_keys[MATERIAL_RECEIPT_KEYS][32];
};

struct material {
    uint8_t id[16]; /* a UUIDv7; grows with the number, but for those of one millisecond */
    uint8_t claim_token[32], opened_token[32], claimant[32], manage_key[32];
    uint8_t claim_hash[32], opened_hash[32], manage_hash[32];
    uint8_t receipt_key[32]; /* one of a few: nobody here signs, and a new one costs 30 µs */
    uint8_t *envelope;       /* the caller's, envelope_len bytes; NULL: none is made */
    size_t envelope_len;
};

void material_seed(struct material_source *s, uint64_t seed, uint64_t first_ms)
    __attribute__((nonnull));

/* Fills m, whose envelope and envelope_len are set. Tokens and envelopes are bytes of the right
   shape: what a client derives and seals cannot be told from them by anyone without the link key,
   and making them so costs a tenth. */
void material_make(struct material *m, const struct material_source *s, uint64_t number)
    __attribute__((nonnull));

#endif

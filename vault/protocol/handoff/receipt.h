/*
 * The receipt: a person's signed word that the credential arrived and works, or does not.
 *
 * Statement, each line ending in LF: "handoff/1 receipt", id, outcome, base64url SHA-256 of the
 * envelope, Unix seconds, base64url SHA-256 of the details exactly as sent or "-". Signed with
 * Ed25519 (RFC 8032) by the key of the receipt seed.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_HANDOFF_RECEIPT_H
#define HANDOFF_VAULT_PROTOCOL_HANDOFF_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECEIPT_SIGNATURE_BYTES = 64,
    RECEIPT_STATEMENT_MAX = 192, /* bytes; the longest statement is shorter */
    RECEIPT_DETAILS_MAX = 4096   /* bytes of the details' JSON text */
};

enum receipt_outcome { RECEIPT_CONFIRMED, RECEIPT_REJECTED };

struct receipt {
    uint8_t id[16];
    enum receipt_outcome outcome;
    uint8_t envelope_hash[32];
    int64_t at;          /* Unix seconds, 0 or later */
    const char *details; /* JSON text as sent, or NULL for none; not owned */
    size_t details_len;
};

/* "confirmed" or "rejected". */
const char *receipt_outcome_name(enum receipt_outcome outcome);

/* Writes the statement to out, without NUL, and returns its length. */
size_t receipt_statement(char out[RECEIPT_STATEMENT_MAX], const struct receipt *r)
    __attribute__((nonnull));

/* Signs a statement of len bytes with the key pair of seed. */
void receipt_sign(uint8_t signature[RECEIPT_SIGNATURE_BYTES], const char *statement, size_t len,
                  const uint8_t seed[32]) __attribute__((nonnull));

/* Whether the signature is public_key's over the statement. About 60 µs. */
bool receipt_verify(const uint8_t signature[RECEIPT_SIGNATURE_BYTES], const char *statement,
                    size_t len, const uint8_t public_key[32])
    __attribute__((nonnull, warn_unused_result));

#endif

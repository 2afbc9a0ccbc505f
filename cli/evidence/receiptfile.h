/*
 * The recipient's evidence: what he did, in one file that anyone can check without the service. He
 * cannot read the rest of the handoff's story. A bundle (see bundle.h) of the type
 * handoff-receipt/1, whose events are his own acts, and with two members more:
 *
 *   "receipt_key":"<base64url>",
 *   "receipts":[{"statement":"…","signature":"<base64url>","details":"…" or null},…]
 *
 * There is a receipt for each receipt event, in their order; details are its words, the JSON text
 * as it was sent, and null (or absent) where the statement's last line is "-".
 */
#ifndef HANDOFF_CLI_EVIDENCE_RECEIPTFILE_H
#define HANDOFF_CLI_EVIDENCE_RECEIPTFILE_H

#include "cli/evidence/bundle.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define RECEIPTFILE_TYPE "handoff-receipt/1"

enum { RECEIPTFILE_RECEIPTS_MAX = 16 };

struct receiptfile_receipt {
    const char *outcome; /* "confirmed" or "rejected" */
    int64_t at, index;
    const char *details; /* the JSON text of name and note; NULL: none */
};

/* What a file shows. Texts live as long as the file. */
struct receiptfile {
    uint8_t id[ENCODING_ID_BYTES];
    struct note_key key;
    struct checkpoint checkpoint;
    size_t events;
    bool opened;
    uint8_t receipt_key[32], envelope_hash[32];
    struct receiptfile_receipt receipts[RECEIPTFILE_RECEIPTS_MAX];
    size_t receipts_len; /* at least one */
};

/* Checks a file as evidence_check does a sender's. Returns 0, or -1 with a sentence in why. */
int receiptfile_check(struct receiptfile *r, const json_t *object, const struct note_key *trusted,
                      char why[BUNDLE_WHY_MAX])
    __attribute__((nonnull(1, 2, 4), warn_unused_result));

#endif

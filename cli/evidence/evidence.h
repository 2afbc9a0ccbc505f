/*
 * The room of files that prove something and are checked offline: pure but for their JSON.
 *
 * This is a handoff's whole story in one file that anyone can check without the service: a bundle
 * (see bundle.h) of the type handoff-evidence/1, whose events are all of the handoff, each also
 * with "details":{"<field>":{"salt":"…","value":"…"},…}, those that were disclosed. No other
 * members.
 */
#ifndef HANDOFF_CLI_EVIDENCE_EVIDENCE_H
#define HANDOFF_CLI_EVIDENCE_EVIDENCE_H

#include "cli/evidence/bundle.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define EVIDENCE_TYPE "handoff-evidence/1"

enum { EVIDENCE_RECEIPTS_MAX = 16 };

struct evidence_receipt {
    const char *outcome; /* "confirmed" or "rejected" */
    int64_t at, index;
    const char *details; /* the JSON text of name and note; NULL: none, or not disclosed */
    bool hidden;         /* there are some, and they are not disclosed */
    bool claimant;       /* by the party that opened it, says the service */
    bool unsigned_here;  /* its signature cannot be checked: the key is not disclosed */
};

/* What a bundle shows. Texts live as long as the bundle. */
struct evidence {
    uint8_t id[ENCODING_ID_BYTES];
    struct note_key key;
    struct checkpoint checkpoint;
    size_t events;
    bool code, claimed, opened, late;
    bool opened_hidden; /* opened, and the hash that its token must fit is not disclosed */
    char burned[16];    /* why; empty: it was not */
    unsigned refused, wrong_codes;
    struct evidence_receipt receipts[EVIDENCE_RECEIPTS_MAX];
    size_t receipts_len;
    unsigned undisclosed; /* commitments without their detail: erased, or held back */
};

/* Checks a bundle by the key that one trusts, or one that it was replaced by in a chain that the
   bundle shows; trusted NULL: by the bundle's own. Returns 0, or -1 with a sentence in why. */
int evidence_check(struct evidence *e, const json_t *object, const struct note_key *trusted,
                   char why[BUNDLE_WHY_MAX]) __attribute__((nonnull(1, 2, 4), warn_unused_result));

#endif
